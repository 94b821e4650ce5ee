// What an ExternalWorkload asks for beyond being an endpoint: bindings to the services it calls, and the verdict on it.
import type { ExternalWorkload } from '../../../api/v1alpha1/external-workload.ts';
import type { BindingIr } from '../../ir/mesh-ir.ts';
import { reason, type Verdict } from '../../conditions/conditions.ts';
import { compareText } from '../../values/compare-text.ts';
import { originOf } from '../facts/origins.ts';
import { type PortView, serviceKey, type ServiceViews } from '../facts/service-view.ts';
import { acceptedCondition, listed, type Problem, resolvedRefsCondition } from '../facts/verdicts.ts';
import { listeningPorts, takesApplicationsPlace } from './inbound.ts';

interface ExternalTranslation {
  readonly bindings: readonly BindingIr[];
  readonly verdict: Verdict;
}

type Outbound = ExternalWorkload['spec']['outbound'][number];

/** addressOwner: who has its address in the cluster; undefined: nobody else. */
export function translateExternal(
  object: ExternalWorkload,
  services: ServiceViews,
  addressOwner: string | undefined,
): ExternalTranslation {
  const hasSidecar = object.spec.serviceAccount !== undefined;
  const problems: Problem[] = [
    ...addressProblems(object, addressOwner),
    ...(hasSidecar ? portProblems(object) : sidecarProblems(object)),
  ];
  const missing: string[] = [];
  const taken = hasSidecar ? inboundAddresses(object) : new Map<string, string>();
  const bindings: BindingIr[] = [];

  for (const outbound of object.spec.outbound) {
    const found = findPort(object, outbound, services);
    if (typeof found === 'string') {
      missing.push(found);
      continue;
    }
    const address = `${outbound.bindAddress}:${outbound.bindPort}`;
    const owner = taken.get(address);
    if (owner === undefined) {
      taken.set(address, `the binding for Service ${found.key}`);
      bindings.push({
        address: outbound.bindAddress,
        port: outbound.bindPort,
        service: found.key,
        protocol: found.tls ? 'TLS' : found.protocol,
      });
    } else {
      const message = `The binding for Service ${found.key} has no effect because ${owner} already uses ${address}. Choose another bindAddress or bindPort.`;
      problems.push({ reason: reason.conflicted, message });
    }
  }
  return {
    bindings: hasSidecar
      ? bindings.toSorted((a, b) => compareText(a.address, b.address) || a.port - b.port)
      : [],
    verdict: {
      origin: originOf(object),
      conditions: [acceptedCondition(problems, []), resolvedRefsCondition(missing.map(notFound))],
    },
  };
}

function notFound(message: string): Problem {
  return { reason: reason.refNotFound, message };
}

function addressProblems({ spec }: ExternalWorkload, owner: string | undefined): Problem[] {
  if (owner === undefined) return [];
  const message = `Address ${spec.address} belongs to ${owner}, so this workload gets no traffic. Set address to the address of this workload.`;
  return [{ reason: reason.conflicted, message }];
}

function sidecarProblems({ spec }: ExternalWorkload): Problem[] {
  if (spec.outbound.length === 0) return [];
  const message =
    'outbound needs a sidecar, and without serviceAccount the workload has none. Set serviceAccount, or remove outbound.';
  return [{ reason: reason.unsupportedValue, message }];
}

function portProblems({ spec }: ExternalWorkload): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<number>();
  for (const port of spec.ports) {
    if (seen.has(port.port)) {
      const message = `Port ${port.port} is listed twice, and the second entry has no effect. Remove it, or change its number.`;
      problems.push({ reason: reason.conflicted, message });
    } else if (takesApplicationsPlace(spec, port)) {
      const message = `The sidecar and the application would both listen on port ${port.port}. Set applicationPort to the port of the application, or set another address.`;
      problems.push({ reason: reason.conflicted, message });
    }
    seen.add(port.port);
  }
  return problems;
}

/** Address and port → what the sidecar listens there for. */
function inboundAddresses(object: ExternalWorkload): Map<string, string> {
  return new Map(
    listeningPorts(object).map(({ port }) => [
      `${object.spec.address}:${port}`,
      `port ${port} of the workload`,
    ]),
  );
}

/** The port, or a sentence saying what does not resolve. */
function findPort(object: ExternalWorkload, outbound: Outbound, services: ServiceViews): PortView | string {
  const key = serviceKey(outbound.namespace ?? object.metadata.namespace ?? '', outbound.service);
  const view = services.byKey.get(key);
  if (view === undefined) return `Service ${key} in outbound does not exist. Create it, or fix the name.`;
  const found = view.ports.find((port) => port.port === outbound.port);
  if (found !== undefined) return found;
  const ports = listed(view.ports.map((port) => String(port.port)));
  return `Service ${key} in outbound has no TCP port ${outbound.port}. ${ports === '' ? 'Add the port to the Service.' : `Use one of its ports (${ports}), or add the port to the Service.`}`;
}
