// Probes that say less than before behind a sidecar, or may fail: a sentence for each. Pure. HTTP and gRPC probes are let
// through by the sidecar, and one by exec asks inside.
import { z } from 'zod';
import type { LiveContainer, LiveTemplate } from '../../ports/workload-port.ts';

const port = z.union([z.number(), z.string()]);
const Probe = z.object({
  tcpSocket: z.object({ port }).optional(),
  httpGet: z.object({ port, scheme: z.string().optional() }).optional(),
});
const Ports = z.array(z.object({ name: z.string().optional(), containerPort: z.number() }));

const kinds = ['startupProbe', 'readinessProbe', 'livenessProbe'] as const;

/** excludedPorts: inbound ones, where no sidecar stands between. */
export function probeNotices({ spec }: LiveTemplate, excludedPorts: ReadonlySet<number>): readonly string[] {
  return spec.containers.flatMap((container) =>
    kinds.flatMap((kind) => noticeOf(container, kind, excludedPorts)),
  );
}

function noticeOf(
  container: LiveContainer,
  kind: (typeof kinds)[number],
  excludedPorts: ReadonlySet<number>,
): readonly string[] {
  const { data: probe } = Probe.safeParse(container[kind]);
  const asked =
    probe?.tcpSocket?.port ?? (probe?.httpGet?.scheme === 'HTTPS' ? probe.httpGet.port : undefined);
  if (probe === undefined || asked === undefined) return [];
  const number = numberOf(asked, container);
  if (number !== undefined && excludedPorts.has(number)) return [];
  const what = `The ${kind} of container ${container.name} on port ${asked}`;
  const otherwise = `or exclude the port with the pod template annotation meshwright.dev/exclude-inbound-ports.`;
  return probe.tcpSocket === undefined
    ? [
        `${what} uses HTTPS, which fails where mTLS is Strict. Use httpGet with scheme HTTP, use exec, ${otherwise}`,
      ]
    : [
        `${what} uses tcpSocket, which now only shows that the sidecar listens. Use httpGet, grpc or exec, ${otherwise}`,
      ];
}

function numberOf(asked: number | string, container: LiveContainer): number | undefined {
  if (typeof asked === 'number') return asked;
  const { data: ports } = Ports.safeParse(container['ports']);
  return ports?.find(({ name }) => name === asked)?.containerPort;
}
