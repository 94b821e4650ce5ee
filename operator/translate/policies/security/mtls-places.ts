// Which ports accept plaintext until nobody uses it, and what is wanted of each: for whoever decides when they become Strict.
import { durationMs } from '../../../../api/duration.ts';
import type { MtlsPlaceIr, MtlsWish, PlacedWorkload } from '../../../ir/mtls-place.ts';
import type { ConfigMap } from '../../../objects/objects.ts';
import { placeKey, portsApart, storedAt, storedPlacesIn } from '../../../transition/stored-places.ts';
import { compareText } from '../../../values/compare-text.ts';
import { append } from '../../../values/labels.ts';
import { rememberByKey, rememberLast } from '../../../values/remember.ts';
import { mergeOrigins } from '../../facts/origins.ts';
import type { OwnerOf } from '../../facts/pod-owners.ts';
import type { ServedPort, ServedPorts } from '../../facts/served-ports.ts';
import type { Workload, WorkloadIndex } from '../../facts/workload.ts';
import { isOnlyNamed } from './rule-ports.ts';
import type { Security, StoredMode } from './security.ts';

/** The same function as long as the same is stored of the same pods. */
export function createStoredModes(): (configMaps: readonly ConfigMap[], ownerOf: OwnerOf) => StoredMode {
  return rememberLast((configMaps, ownerOf) => {
    const stored = storedPlacesIn(configMaps);
    return (workload, port, isOther) => {
      const places = stored.get(workload.namespace);
      if (places === undefined) return null;
      const place = storedAt(places, { owner: ownerOf(workload), port, isOther });
      if (place === null) return null;
      return place.strictSinceMs === null ? 'Open' : 'Watched';
    };
  });
}

export type ApartPorts = ReadonlyMap<string, readonly number[]>;

const noneApart: ApartPorts = new Map();

/** Workload → ports that are told apart by what is stored of them, whether or not a policy names them. The same while it is none. */
export function portsApartIn(
  configMaps: readonly ConfigMap[],
  { all }: WorkloadIndex,
  ownerOf: OwnerOf,
): ApartPorts {
  const byOwner = new Map(
    [...storedPlacesIn(configMaps)].flatMap(([namespace, places]) =>
      [...portsApart(places)].map(([owner, ports]) => [`${namespace}/${owner}`, ports] as const),
    ),
  );
  if (byOwner.size === 0) return noneApart;
  return new Map(
    all.flatMap((workload) => {
      // The sidecar of an ExternalWorkload listens only on the ports that it has.
      if (workload.meshed === null || workload.source.kind !== 'Pod') return [];
      const ports = byOwner.get(`${workload.namespace}/${ownerOf(workload)}`);
      return ports === undefined ? [] : [[workload.key, ports]];
    }),
  );
}

export type PlaceFinder = (
  workloads: WorkloadIndex,
  served: ServedPorts,
  security: Security,
  ownerOf: OwnerOf,
) => readonly MtlsPlaceIr[];

/** Sorted by namespace, owner and port. Only owners of which something changed are looked at. */
export function createPlaceFinder(): PlaceFinder {
  const memory = rememberByKey<readonly MtlsPlaceIr[]>();
  return rememberLast((workloads, served, security, ownerOf) => {
    const owners = new Map<string, Workload[]>();
    for (const workload of workloads.all)
      if (workload.meshed !== null) append(owners, `${workload.namespace}/${ownerOf(workload)}`, workload);
    const places = [...owners]
      .toSorted(([a], [b]) => compareText(a, b))
      .flatMap(([name, members]) => {
        const inputs = [security, ...members, ...members.map(({ key }) => served.get(key))];
        return memory.get(name, inputs, () => placesOf(members, served, security, ownerOf));
      });
    memory.sweep();
    return places;
  });
}

interface Port {
  readonly port: number | null;
  readonly isOther: boolean;
  readonly workload: PlacedWorkload;
  readonly decision: ReturnType<Security['mtls']>;
}

/** Of one owner; sorted by port, as text. */
function placesOf(
  members: readonly Workload[],
  served: ServedPorts,
  security: Security,
  ownerOf: OwnerOf,
): readonly MtlsPlaceIr[] {
  const [first] = members;
  if (first === undefined) return [];
  const owner = ownerOf(first);
  const places = new Map<string, Port[]>();
  for (const workload of members)
    for (const port of portsOf(workload, served, security)) append(places, placeKey(owner, port.port), port);
  return [...places]
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([, ports]) => placeOf({ namespace: first.namespace, owner, port: ports[0]?.port ?? null }, ports));
}

function portsOf(workload: Workload, served: ServedPorts, security: Security): readonly Port[] {
  const { key, source } = workload;
  const own = source.kind === 'Pod' ? [] : source.spec.ports.map(({ port }) => port);
  const known = served.get(key) ?? noPorts;
  const namedPorts = [...new Set([...known.keys(), ...own])];
  const placed = { key, namedPorts };
  // The sidecar of an ExternalWorkload listens only on the ports that it has.
  return [...namedPorts, ...(source.kind === 'Pod' ? [null] : [])].map((port) => {
    const isOther = port !== null && isOnlyNamed(known.get(port));
    return { port, isOther, workload: placed, decision: security.mtls(workload, port, known) };
  });
}

const noPorts: ReadonlyMap<number, ServedPort> = new Map();

type Place = Pick<MtlsPlaceIr, 'namespace' | 'owner' | 'port'>;

function placeOf({ namespace, owner, port }: Place, ports: readonly Port[]): MtlsPlaceIr {
  const wanting = ports.filter(({ decision: { mode } }) => mode === 'Strict' || mode === 'Staged');
  const decisions = wanting.map(({ decision }) => decision);
  const concerned = wanting.length === 0 ? ports : wanting;
  return {
    namespace,
    owner,
    port,
    isOther: ports.some(({ isOther }) => isOther),
    wish: wishOf(decisions),
    isStaged: decisions.some(({ mode }) => mode === 'Staged'),
    isUnsettled: decisions.some(({ isUnsettled }) => isUnsettled),
    quietMs: Math.max(0, ...decisions.map(({ transition }) => durationMs(transition.quietPeriod))),
    decidedBy: mergeOrigins(decisions.map(({ origin }) => origin)),
    workloads: concerned.map(({ workload }) => workload).toSorted((a, b) => compareText(a.key, b.key)),
  };
}

/** Nobody who is Strict at once may have to accept plaintext later because others do. */
function wishOf(wanting: readonly Port['decision'][]): MtlsWish {
  if (wanting.length === 0) return 'Open';
  return wanting.some(({ transition }) => transition.type === 'Immediate') ? 'Immediate' : 'Strict';
}
