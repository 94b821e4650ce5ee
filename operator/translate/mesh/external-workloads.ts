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
      taken.set(address, `the binding to ${found.key}`);
      bindings.push({
        address: outbound.bindAddress,
        port: outbound.bindPort,
        service: found.key,
        protocol: found.protocol,
      });
    } else {
      const message = `The binding to ${found.key} has no effect: ${owner} has ${address} already. Give it another bindAddress or bindPort.`;
      problems.push({ reason: reason.conflicted, message });
    }
  }
  return {
    bindings: hasSidecar
      ? bindings.toSorted((a, b) => compareText(a.address, b.address) || a.port - b.port)
      : [],
    verdict: {
      origin: originOf(object),
      conditions: [acceptedCondition(problems, []), resolvedRefsCondition(missing)],
    },
  };
}

function addressProblems({ spec }: ExternalWorkload, owner: string | undefined): Problem[] {
  if (owner === undefined) return [];
  const message = `Address ${spec.address} belongs to ${owner}, so no traffic is sent to this workload. Set the workload's own address.`;
  return [{ reason: reason.conflicted, message }];
}

function sidecarProblems({ spec }: ExternalWorkload): Problem[] {
  if (spec.outbound.length === 0) return [];
  const message =
    'outbound has no effect without a sidecar: set serviceAccount, the identity the sidecar bears.';
  return [{ reason: reason.unsupportedValue, message }];
}

function portProblems({ spec }: ExternalWorkload): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<number>();
  for (const port of spec.ports) {
    if (seen.has(port.port)) {
      const message = `Port ${port.port} is there twice and the second one has no effect: remove it, or give it another number.`;
      problems.push({ reason: reason.conflicted, message });
    } else if (takesApplicationsPlace(spec, port)) {
      const message = `Port ${port.port} is where both the sidecar and the application would listen: set applicationPort to the application's own port, or give the workload another address.`;
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
      `the workload's own port ${port}`,
    ]),
  );
}

/** The port, or a sentence saying what does not resolve. */
function findPort(object: ExternalWorkload, outbound: Outbound, services: ServiceViews): PortView | string {
  const key = serviceKey(outbound.namespace ?? object.metadata.namespace ?? '', outbound.service);
  const view = services.byKey.get(key);
  if (view === undefined) return `Service ${key} in outbound does not exist: create it, or correct the name.`;
  const found = view.ports.find((port) => port.port === outbound.port);
  if (found !== undefined) return found;
  const ports = listed(view.ports.map((port) => String(port.port)));
  return `Service ${key} has no TCP port ${outbound.port} for outbound: choose one of its ports${ports === '' ? '' : ` (${ports})`}, or add it.`;
}
