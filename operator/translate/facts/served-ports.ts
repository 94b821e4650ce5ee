// The ports on which workloads serve Services: what a sidecar's inbound side has to know by number.
import type { Origin } from '../../ir/origin.ts';
import { rememberEach } from '../../values/remember.ts';
import type { Protocol } from './protocol.ts';
import type { PortView, ServiceView } from './service-view.ts';

export interface ServedPort {
  readonly protocol: Protocol;
  /** Some Service says which protocol it is. */
  readonly isDeclared: boolean;
  /** The Services that lead here. */
  readonly services: readonly Origin[];
  /** `shop/reviews/9080`: the keys of their ports that do. */
  readonly servicePorts: readonly string[];
}

/** Workload key → port → how it is served. */
export type ServedPorts = ReadonlyMap<string, ReadonlyMap<number, ServedPort>>;

/** services: oldest first. Where they disagree about the protocol, one that declares it is heard before one that does not, then the older. */
export function servedPorts(services: readonly ServiceView[]): ServedPorts {
  const served = new Map<string, Ports>();
  for (const view of services) {
    for (const port of view.ports) {
      const add = addition(port, view.origin);
      for (const { workload, port: number } of port.targets)
        served.set(workload.key, add(served.get(workload.key) ?? noPorts, number));
    }
  }
  return served;
}

type Ports = ReadonlyMap<number, ServedPort>;
const noPorts: Ports = new Map();

/** Workloads that were served alike are served alike again: they have one Map, and keep it while the Services stay what they are. */
const addition = rememberEach(
  (port: PortView, service: Origin): ((before: Ports, number: number) => Ports) => {
    const known = new WeakMap<Ports, Map<number, Ports>>();
    return (before, number) => {
      const byNumber = known.get(before) ?? new Map<number, Ports>();
      known.set(before, byNumber);
      const after =
        byNumber.get(number) ?? new Map(before).set(number, merged(before.get(number), port, service));
      byNumber.set(number, after);
      return after;
    };
  },
);

function merged(previous: ServedPort | undefined, port: PortView, service: Origin): ServedPort {
  const { protocol, isDeclared, key } = port;
  if (previous === undefined) return { protocol, isDeclared, services: [service], servicePorts: [key] };
  const more = {
    services: [...previous.services, service],
    servicePorts: [...previous.servicePorts, key],
  };
  return previous.isDeclared || !isDeclared ? { ...previous, ...more } : { protocol, isDeclared, ...more };
}
