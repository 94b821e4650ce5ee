// The TCP ports of Services: which of their addresses they have, and the slices that name their endpoints.
import type { EndpointSlice } from '../../objects/objects.ts';
import { byText } from '../../values/compare-text.ts';
import { rememberEach, sameItems } from '../../values/remember.ts';
import type { PortView, ServiceView } from '../facts/service-view.ts';

/** Service key → its slices. */
export type SlicesByService = ReadonlyMap<string, readonly EndpointSlice[]>;

export interface OwnedPort {
  readonly view: ServiceView;
  readonly port: PortView;
  /** Those of its addresses that no older Service claims at this port. */
  readonly addresses: readonly string[];
}

export interface PlacedPort extends OwnedPort {
  readonly owned: OwnedPort;
  /** Of its service. */
  readonly slices: readonly EndpointSlice[];
}

/** In the order of the ports. What has the same slices as before is the same object. */
export function createPlacer(): (
  ports: readonly OwnedPort[],
  slices: SlicesByService,
) => readonly PlacedPort[] {
  let last: readonly PlacedPort[] = [];
  return (ports, slicesOf) => {
    last = ports.map((owned, index) => {
      const slices = slicesOf.get(owned.view.key) ?? [];
      const before = last[index];
      const isSame = before?.owned === owned && sameItems(before.slices, slices);
      return isSame ? before : { ...owned, owned, slices };
    });
    return last;
  };
}

/** services: oldest first. Sorted by key. */
export function portsByKey(services: readonly ServiceView[]): readonly OwnedPort[] {
  const owners = addressOwners(services);
  const isOwn = (port: PortView, address: string): boolean =>
    owners.get(addressKey(address, port.port)) === port.key;
  return services
    .flatMap((view) =>
      view.ports.map((port) => {
        return owned(port, view, ...view.addresses.filter((address) => isOwn(port, address)));
      }),
    )
    .toSorted(byText(({ port }) => port.key));
}

/** The same object while nothing of it changes. */
const owned = rememberEach(
  (port: PortView, view: ServiceView, ...addresses: readonly string[]): OwnedPort => {
    return { view, port, addresses };
  },
);

export function httpPortKeys(services: readonly ServiceView[]): readonly string[] {
  return services.flatMap(({ ports }) =>
    ports.flatMap(({ key, protocol }) => (protocol === 'HTTP' ? key : [])),
  );
}

/** address:port → key of the one service port that has it: the oldest Service that claims it. */
function addressOwners(services: readonly ServiceView[]): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  // Oldest last: it overwrites what younger ones claim.
  for (const view of services.toReversed()) {
    for (const port of view.ports) {
      for (const address of view.addresses) owners.set(addressKey(address, port.port), port.key);
    }
  }
  return owners;
}

function addressKey(address: string, port: number): string {
  return `${address} ${port}`;
}
