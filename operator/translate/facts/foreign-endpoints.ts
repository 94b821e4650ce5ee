// Headless Services whose endpoints use addresses that belong to another Service, or to a pod of another namespace: anyone with write
// access to EndpointSlices can enter any address. Callers' sidecars ignore such addresses (see directAddresses); this file reports them.
import type { AddressClaim } from '../../ir/address-claim.ts';
import type { EndpointSlice, Pod, Service } from '../../objects/objects.ts';
import { byText } from '../../values/compare-text.ts';
import { rememberByKey } from '../../values/remember.ts';
import { addressOwners } from './address-owners.ts';
import type { ServiceView, ServiceViews } from './service-view.ts';
import { listed } from './verdicts.ts';
import type { WorkloadIndex } from './workload.ts';

/** Service key → the conflict to report for it. */
export type ForeignEndpoints = Readonly<Record<string, AddressClaim>>;

export type ForeignFinder = (
  views: ServiceViews,
  slices: ReadonlyMap<string, readonly EndpointSlice[]>,
  workloads: WorkloadIndex,
  objects: Owners,
) => ForeignEndpoints;

interface Owners {
  readonly services: readonly Service[];
  readonly pods: readonly Pod[];
}

/** The same object as before while what it says is the same. */
export function createForeignFinder(): ForeignFinder {
  const memory = rememberByKey<ForeignEndpoints>();
  return (views, slices, workloads, objects) =>
    memory.get('all', [views, slices, workloads], () => foreignEndpoints(views, slices, workloads, objects));
}

/** slices: of each service, by its key. */
function foreignEndpoints(
  { all }: ServiceViews,
  slices: ReadonlyMap<string, readonly EndpointSlice[]>,
  { byAddress }: WorkloadIndex,
  { services, pods }: Owners,
): ForeignEndpoints {
  const suspects = all
    .filter(({ headless }) => headless)
    .map((view) => {
      const addresses = addressesOf(slices.get(view.key) ?? []);
      return [view, addresses.filter((it) => byAddress.get(it)?.namespace !== view.namespace)] as const;
    })
    .filter(([, addresses]) => addresses.length > 0);
  // Nearly always: who has which address is then nobody's question.
  if (suspects.length === 0) return {};
  const owners = addressOwners(services, pods);
  const claims = suspects.flatMap(([view, addresses]) => claimOf(view, addresses, owners));
  return Object.fromEntries(claims.toSorted(byText(([key]) => key)));
}

function addressesOf(slices: readonly EndpointSlice[]): readonly string[] {
  const all = slices.flatMap(({ endpoints }) => endpoints.flatMap(({ addresses }) => addresses.slice(0, 1)));
  return [...new Set(all)].toSorted();
}

function claimOf(
  { key, namespace, name, service }: ServiceView,
  addresses: readonly string[],
  owners: ReadonlyMap<string, string>,
): readonly (readonly [string, AddressClaim])[] {
  const owned = addresses.flatMap((address) => {
    const owner = owners.get(address);
    return owner === undefined ? [] : [`${address} (${owner})`];
  });
  if (owned.length === 0) return [];
  const message = `EndpointSlices of Service ${key} contain addresses that belong to other objects: ${listed(owned)}. Traffic to these addresses goes to their owners, and policies for this Service do not apply to it. Remove the addresses from the EndpointSlices.`;
  return [[key, { namespace, name, uid: service.metadata.uid ?? '', message }]];
}
