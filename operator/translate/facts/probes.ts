// The probes of a pod that its sidecar has to let through: the kubelet asks in plaintext and shows no identity.
// @see https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
import type { ProbeIr } from '../../ir/inbound.ts';
import type { Container, Pod, Probe } from '../../objects/objects.ts';
import { byText, compareText } from '../../values/compare-text.ts';
import { append } from '../../values/labels.ts';

/** @see https://github.com/grpc/grpc/blob/master/doc/health-checking.md */
const grpcHealthCheck = {
  method: 'POST',
  path: '/grpc.health.v1.Health/Check',
  host: null,
  headers: {},
} as const;

/** @see https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#configure-probes */
const defaultTimeoutSeconds = 1;

/** Its own probe goes to a port that is not intercepted. */
export const sidecarContainer = 'mw-proxy';

/**
 * Port → what is asked there: HTTP and gRPC probes, sorted, each once. A probe by exec comes by no port, one by TCP asks
 * nothing, and one by HTTPS cannot be told from an application's own TLS.
 */
export function probesOf({ spec }: Pod): ReadonlyMap<number, readonly ProbeIr[]> {
  if (![spec.containers, spec.initContainers].some((containers) => containers?.some(isProbed)))
    return noProbes;
  const byPort = new Map<number, Map<string, ProbeIr>>();
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    if (container.name === sidecarContainer) continue;
    for (const { port, ask } of asks(container)) {
      const known = byPort.get(port) ?? new Map<string, ProbeIr>();
      const key = JSON.stringify([ask.path, ask.method, ask.host, ...Object.entries(ask.headers)]);
      const timeoutMs = Math.max(ask.timeoutMs, known.get(key)?.timeoutMs ?? 0);
      byPort.set(port, known.set(key, { ...ask, timeoutMs }));
    }
  }
  return new Map([...byPort].map(([port, known]) => [port, sorted(known)]));
}

const noProbes: ReturnType<typeof probesOf> = new Map();

function isProbed({ livenessProbe, readinessProbe, startupProbe }: Container): boolean {
  return livenessProbe !== undefined || readinessProbe !== undefined || startupProbe !== undefined;
}

function sorted(known: ReadonlyMap<string, ProbeIr>): readonly ProbeIr[] {
  return [...known].toSorted(([a], [b]) => compareText(a, b)).map(([, ask]) => ask);
}

interface Ask {
  readonly port: number;
  readonly ask: ProbeIr;
}

function asks(container: Container): readonly Ask[] {
  const { livenessProbe, readinessProbe, startupProbe } = container;
  return [livenessProbe, readinessProbe, startupProbe].flatMap((probe) =>
    probe === undefined ? [] : askOf(probe, container),
  );
}

function askOf({ httpGet, grpc, timeoutSeconds }: Probe, container: Container): readonly Ask[] {
  const timeoutMs = 1000 * (timeoutSeconds ?? defaultTimeoutSeconds);
  if (grpc !== undefined) return [{ port: grpc.port, ask: { ...grpcHealthCheck, timeoutMs } }];
  if (httpGet === undefined || httpGet.scheme === 'HTTPS') return [];
  const port = portOf(httpGet.port, container);
  if (port === undefined) return [];
  const headers = httpGet.httpHeaders ?? [];
  const host = hostOf(headers) ?? (httpGet.host === undefined ? null : `${httpGet.host}:${port}`);
  const path = pathOf(httpGet.path);
  return [{ port, ask: { method: 'GET', path, host, headers: headersOf(headers), timeoutMs } }];
}

type Headers = NonNullable<NonNullable<Probe['httpGet']>['httpHeaders']>;

/** Go takes the first one. */
function hostOf(headers: Headers): string | undefined {
  const value = headers.find(({ name }) => name.toLowerCase() === 'host')?.value;
  return value === '' ? undefined : value;
}

/** As they are when Envoy looks for a route. Sorted by name. */
function headersOf(headers: Headers): ProbeIr['headers'] {
  const values = new Map<string, string[]>();
  for (const { name, value } of headers) append(values, name.toLowerCase(), inOneLine(value));
  return Object.fromEntries(
    [...values]
      .filter(([name]) => !neverSeen.test(name))
      .map(([name, all]) => [name, all.join(',')] as const)
      .toSorted(byText(([name]) => name)),
  );
}

/** What Go, or Envoy before it looks for a route, leaves out or writes itself. */
const neverSeen =
  /^(?:host|connection|keep-alive|proxy-connection|content-length|transfer-encoding|trailer|te|upgrade|x[-_]forwarded[-_]client[-_]cert|x[-_]meshwright[-_].*|x-envoy-.*)$/;

function inOneLine(value: string): string {
  return value.replaceAll(/[\r\n]/g, ' ').trim();
}

function portOf(port: number | string, { ports }: Container): number | undefined {
  if (typeof port === 'number') return port;
  return ports?.find(({ name }) => name === port)?.containerPort;
}

/** As the kubelet writes it into its request. */
function pathOf(path = '/'): string {
  const [asked = ''] = path.split('#');
  return asked.startsWith('/') ? asked : `/${asked}`;
}
