// Whether authorizers can answer, as far as it can be told: they have endpoints, and let in who asks.
import type { MeshIr, WorkloadIr } from '../../../ir/mesh-ir.ts';
import type { ServicePortIr } from '../../../ir/service.ts';
import { append } from '../../../values/labels.ts';
import { isSameValue } from '../../../values/same-value.ts';
import { allowsSome, certainly } from '../admitted-callers.ts';
import type { Authorizers } from './authorizer-references.ts';

export interface AuthorizerState {
  readonly found: Authorizers;
  /** Keys of service ports that are asked, and have nobody who answers. */
  readonly silent: readonly string[];
  /** Key of a service port → service accounts of workloads that ask there, and whom rules deny whatever they ask. Sorted. */
  readonly denied: Readonly<Record<string, readonly string[]>>;
}

type Model = Pick<MeshIr, 'services' | 'workloads'>;

/** The same object as before while it says the same. */
export function createAuthorizerWatch(): (found: Authorizers, model: Model) => AuthorizerState {
  let last: AuthorizerState = { found: new Map(), silent: [], denied: {} };
  return (found, model) => {
    const now = found.size === 0 ? { found, silent: [], denied: {} } : stateOf(found, model);
    const isSame =
      last.found === found && isSameValue(last.silent, now.silent) && isSameValue(last.denied, now.denied);
    if (!isSame) last = now;
    return last;
  };
}

function stateOf(found: Authorizers, { services, workloads }: Model): AuthorizerState {
  const keys = new Set([...found.values()].map((one) => ('fact' in one ? '' : one.service)));
  const asked = services.filter(({ key }) => keys.has(key));
  const byKey = new Map(workloads.map((workload) => [workload.key, workload]));
  const askers = askersOf(workloads);
  const denied = asked.flatMap((service) => {
    const accounts = deniedAt(service, askers.get(service.key) ?? [], byKey);
    return accounts.length === 0 ? [] : [[service.key, accounts] as const];
  });
  return {
    found,
    silent: asked.filter(({ endpoints }) => endpoints.length === 0).map(({ key }) => key),
    denied: Object.fromEntries(denied),
  };
}

type Identity = WorkloadIr['identity'];

/** Key of a service port → who asks there. */
function askersOf(workloads: readonly WorkloadIr[]): ReadonlyMap<string, readonly Identity[]> {
  const askers = new Map<string, Identity[]>();
  for (const { identity, inbound } of workloads) {
    const asked = new Set(inbound.flatMap(({ authorizers }) => authorizers.map(({ service }) => service)));
    for (const service of asked) append(askers, service, identity);
  }
  return askers;
}

function deniedAt(
  { endpoints }: ServicePortIr,
  askers: readonly Identity[],
  workloads: ReadonlyMap<string, WorkloadIr>,
): readonly string[] {
  const guards = new Set(
    endpoints.flatMap(({ workload, port, mtls }) => {
      const server = mtls ? workloads.get(workload) : undefined;
      const guard = server?.inbound.find((one) => one.port === port) ?? server?.otherInbound;
      return guard === undefined ? [] : [guard.authorization];
    }),
  );
  const rules = [...guards].map((one) => ({ ...one, deny: one.deny.map(certainly) }));
  const accounts = askers
    .filter(({ spiffeId }) => rules.some((one) => !allowsSome(one, spiffeId)))
    .map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`);
  return [...new Set(accounts)].toSorted();
}
