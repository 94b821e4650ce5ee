// Which Services call which, as far as objects say it: ExternalWorkloads name the Services that they call, and routes the callers
// that they are for. That a call is allowed does not mean that it is made. Pure.
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import type { ServicePortIr } from '../../../ir/service.ts';
import { append } from '../../../values/labels.ts';

export interface KnownCall {
  readonly from: ServicePortIr;
  readonly to: ServicePortIr;
  /** Who says so: `ExternalWorkload/shop/reviews-v1`, or a route. */
  readonly source: string;
}

export interface CallFacts {
  /** What to look at: calls from one of these to another. */
  readonly services: readonly ServicePortIr[];
  readonly workloads: readonly Pick<WorkloadIr, 'key' | 'bindings'>[];
  /** Key of a service port → SPIFFE ids of callers that its routes name. */
  readonly namedCallers: ReadonlyMap<string, readonly string[]>;
}

/** Each pair once. */
export function knownCalls(facts: CallFacts): readonly KnownCall[] {
  const calls = new Map<string, KnownCall>();
  for (const call of [...callsOfWorkloads(facts), ...callsOfNamed(facts)]) {
    const pair = `${call.from.key} ${call.to.key}`;
    if (call.from !== call.to && !calls.has(pair)) calls.set(pair, call);
  }
  return [...calls.values()];
}

function callsOfWorkloads({ services, workloads }: CallFacts): readonly KnownCall[] {
  const callers = new Map(workloads.filter((one) => one.bindings.length > 0).map((one) => [one.key, one]));
  if (callers.size === 0) return [];
  const byKey = new Map(services.map((service) => [service.key, service]));
  return services.flatMap((from) =>
    from.endpoints.flatMap(({ workload }) =>
      (callers.get(workload)?.bindings ?? []).flatMap(({ service }) => {
        const to = byKey.get(service);
        return to === undefined ? [] : [{ from, to, source: workload.replace('/', ' ') }];
      }),
    ),
  );
}

function callsOfNamed({ services, namedCallers }: CallFacts): readonly KnownCall[] {
  const called = services.filter(({ key }) => namedCallers.has(key));
  if (called.length === 0) return [];
  const byIdentity = new Map<string, ServicePortIr[]>();
  for (const service of services) for (const id of service.peerIdentities) append(byIdentity, id, service);
  return called.flatMap((to) =>
    (namedCallers.get(to.key) ?? []).flatMap((id) =>
      (byIdentity.get(id) ?? []).map((from) => ({ from, to, source: `a route for ${to.key}` })),
    ),
  );
}
