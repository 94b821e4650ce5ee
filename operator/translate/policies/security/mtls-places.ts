// Which ports accept plaintext until nobody uses it, and what is wanted of each: for whoever decides when they become Strict.
import { durationMs } from '../../../../api/duration.ts';
import type { MtlsPlaceIr, MtlsWish, PlacedWorkload } from '../../../ir/mtls-place.ts';
import type { ConfigMap } from '../../../objects/objects.ts';
import { placeKey, storedPlacesIn } from '../../../transition/stored-places.ts';
import { compareText } from '../../../values/compare-text.ts';
import { append } from '../../../values/labels.ts';
import { rememberLast } from '../../../values/remember.ts';
import { mergeOrigins } from '../../facts/origins.ts';
import type { OwnerOf } from '../../facts/pod-owners.ts';
import type { ServedPorts } from '../../facts/served-ports.ts';
import type { Workload, WorkloadIndex } from '../../facts/workload.ts';
import type { IsOpen, Security } from './security.ts';

/** The same function as long as the same is stored of the same pods. */
export function createOpenPlaces(): (configMaps: readonly ConfigMap[], ownerOf: OwnerOf) => IsOpen {
  return rememberLast((configMaps, ownerOf) => {
    const stored = storedPlacesIn(configMaps);
    return (workload, port) =>
      stored.get(workload.namespace)?.get(placeKey(ownerOf(workload), port))?.strictSinceMs === null;
  });
}

interface Port {
  readonly namespace: string;
  readonly owner: string;
  readonly port: number | null;
  readonly workload: PlacedWorkload;
  readonly decision: ReturnType<Security['mtls']>;
}

/** Sorted by namespace, owner and port. */
export function mtlsPlaces(
  { all }: WorkloadIndex,
  served: ServedPorts,
  security: Security,
  ownerOf: OwnerOf,
): readonly MtlsPlaceIr[] {
  const places = new Map<string, Port[]>();
  for (const workload of all)
    for (const port of portsOf(workload, served, security, ownerOf))
      append(places, `${port.namespace}/${placeKey(port.owner, port.port)}`, port);
  return [...places]
    .toSorted(([a], [b]) => compareText(a, b))
    .flatMap(([, ports]) => (ports[0] === undefined ? [] : [placeOf(ports[0], ports)]));
}

function portsOf(
  workload: Workload,
  served: ServedPorts,
  security: Security,
  ownerOf: OwnerOf,
): readonly Port[] {
  const { key, namespace, source, meshed } = workload;
  if (meshed === null) return [];
  const own = source.kind === 'Pod' ? [] : source.spec.ports.map(({ port }) => port);
  const namedPorts = [...new Set([...(served.get(key)?.keys() ?? []), ...own])];
  const placed = { key, namedPorts };
  const owner = ownerOf(workload);
  // The sidecar of an ExternalWorkload listens only on the ports that it has.
  return [...namedPorts, ...(source.kind === 'Pod' ? [null] : [])].map((port) => {
    return { namespace, owner, port, workload: placed, decision: security.mtls(workload, port) };
  });
}

function placeOf({ namespace, owner, port }: Port, ports: readonly Port[]): MtlsPlaceIr {
  const wanting = ports.filter(({ decision: { mode } }) => mode === 'Strict' || mode === 'Staged');
  const decisions = wanting.map(({ decision }) => decision);
  const concerned = wanting.length === 0 ? ports : wanting;
  return {
    namespace,
    owner,
    port,
    wish: wishOf(decisions),
    isStaged: decisions.some(({ mode }) => mode === 'Staged'),
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
