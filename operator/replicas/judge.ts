// How another replica's proxies stand to the leader's own snapshot. Pure. Only versions are compared, which are hashes of
// the content: a proxy has what the leader asks for if it acknowledged the same version from whomever. The origins are
// the leader's own, so that the answer is about the generations it knows. Answers are remembered by identity: a pair of
// layers is compared once for all proxies.
import { type Origin, parseOrigin } from '../ir/origin.ts';
import type {
  FormerResource,
  LaggingResource,
  ProxyReport,
  RejectedResource,
} from '../xds/session/proxy-report.ts';
import { typeUrl as url, type TypeUrl } from '../envoy/proto/type-urls.ts';
import type { Entry, Layer, Snapshot, TypeLayer } from '../xds/snapshot/types.ts';
import type { AckState } from './changes.ts';
import type { LayerVersions, PeerProxy, PeerState, TypeVersions } from './peer-state.ts';
import { sameItems } from '../values/remember.ts';

/** null while the leader does not know the workload, or no longer: it is nobody's proxy. */
export function judge(proxy: PeerProxy, peer: PeerState, snapshot: Snapshot): ProxyReport | null {
  const ids = snapshot.views.get(proxy.workload);
  if (ids === undefined) return null;
  const judged = ids.map((id): Judged => {
    const own = snapshot.layers.get(id);
    // Nothing can be proven of a layer that is still to be built here: it lags on it as a whole, and may run anything.
    if (own === undefined) return unbuilt(id);
    return judgeLayer(own, proxy.layers.includes(id) ? peer.layers.get(id) : undefined, proxy.ackState);
  });
  const others = proxy.layers.filter((id) => !ids.includes(id) && peer.layers.has(id));
  for (const id of others) judged.push(judgeLayer(noLayer, peer.layers.get(id), proxy.ackState));
  const known = reports.get(proxy);
  if (known !== undefined && sameItems(known.ids, ids) && sameItems(known.judged, judged))
    return known.report;
  const { workload, nodeId, leaf = null, connectedAtMs, ackState } = proxy;
  const lagging = joined(judged.map((it) => it.lagging));
  const rejected = joined(judged.map((it) => it.rejected));
  const former = joined([...judged.map((it) => it.former), formerIn(ackState)]);
  const atRest = ackState.atRest && lagging.length === 0;
  const report = {
    workload,
    nodeId,
    connectedAtMs,
    leftAtMs: null,
    since: null,
    leaf,
    layers: ids,
    lagging,
    rejected,
    former,
    atRest,
  };
  reports.set(proxy, { ids, judged, report });
  return report;
}

interface Judged {
  readonly lagging: readonly LaggingResource[];
  readonly rejected: readonly RejectedResource[];
  readonly former: readonly FormerResource[];
}

function unbuilt(id: string): Judged {
  const typeUrl = url.listener;
  return {
    lagging: [{ typeUrl, name: id, origins: [] }],
    rejected: [],
    former: [{ typeUrl, name: id, origins: null }],
  };
}

const noLayer: Layer = new Map();

interface KnownReport {
  readonly ids: readonly string[];
  readonly judged: readonly Judged[];
  readonly report: ProxyReport;
}

const reports = new WeakMap<PeerProxy, KnownReport>();
const judgements = new WeakMap<AckState, WeakMap<Layer, WeakMap<LayerVersions, Judged>>>();
const noVersions: LayerVersions = new Map();
const noTypeVersions: TypeVersions = new Map();
const none: readonly never[] = [];

function judgeLayer(own: Layer, peer: LayerVersions = noVersions, ackState: AckState): Judged {
  const known = inner(inner(judgements, ackState), own);
  let judged = known.get(peer);
  if (judged === undefined) {
    const { lagging, former } = differences(own, peer);
    judged = {
      lagging: laggingIn(own, lagging, ackState),
      rejected: rejectedIn(own, peer, ackState),
      former,
    };
    known.set(peer, judged);
  }
  return judged;
}

/** What the peer serves in another version than the leader, or not at all; and what the peer says it lags on. */
function laggingIn(
  own: Layer,
  different: readonly LaggingResource[],
  ackState: AckState,
): readonly LaggingResource[] {
  if (ackState.lagging.length === 0) return different;
  const lagging = new Set(different);
  const byType: ReadonlyMap<string, TypeLayer> = own;
  for (const { typeUrl, names } of ackState.lagging) {
    const layer = byType.get(typeUrl);
    if (layer === undefined) continue;
    for (const name of names ?? layer.entries.keys()) {
      const entry = layer.entries.get(name);
      // What is no more is nobody's lag.
      if (entry !== undefined) lagging.add(laggingOf(layer.typeUrl, entry));
    }
  }
  return lagging.size === different.length ? different : [...lagging];
}

/** A refusal counts while what was refused is what the leader asks for. */
function rejectedIn(own: Layer, peer: LayerVersions, ackState: AckState): readonly RejectedResource[] {
  const byType: ReadonlyMap<string, TypeLayer> = own;
  const rejected = ackState.rejected.flatMap(({ typeUrl, name, message }): RejectedResource[] => {
    const layer = byType.get(typeUrl);
    const entry = layer?.entries.get(name);
    if (layer === undefined || entry === undefined) return [];
    const isSame = peer.get(typeUrl)?.get(name)?.version === entry.version;
    return isSame ? [{ typeUrl: layer.typeUrl, name, origins: entry.origins, message }] : [];
  });
  return rejected.length === 0 ? none : rejected;
}

/** What differs between what the leader asks for and what the peer serves. */
interface Differences {
  readonly lagging: readonly LaggingResource[];
  /** What the peer serves instead, or besides. */
  readonly former: readonly FormerResource[];
}

const byLayers = new WeakMap<Layer, WeakMap<LayerVersions, Differences>>();
const byTypeLayers = new WeakMap<TypeLayer, WeakMap<TypeVersions, Differences>>();

function differences(own: Layer, peer: LayerVersions): Differences {
  const known = inner(byLayers, own);
  let found = known.get(peer);
  if (found === undefined) {
    const layers: ReadonlyMap<string, TypeLayer> = own;
    const types = new Set([...layers.keys(), ...peer.keys()]);
    const all = [...types].map((type) =>
      typeDifferences(layers.get(type) ?? emptyLayer(type), peer.get(type) ?? noTypeVersions),
    );
    const lagging = joined(all.map((it) => it.lagging));
    known.set(peer, (found = { lagging, former: joined(all.map((it) => it.former)) }));
  }
  return found;
}

/** Of a type that the leader has nothing of. */
function emptyLayer(type: string): TypeLayer {
  const known = knownTypes.find((it) => it === type);
  return known === undefined ? nothingKnown : (emptyLayers.get(known) ?? nothingKnown);
}

const knownTypes: readonly TypeUrl[] = Object.values(url);
const emptyLayers: ReadonlyMap<TypeUrl, TypeLayer> = new Map(
  knownTypes.map((typeUrl) => [typeUrl, { typeUrl, entries: new Map() }]),
);
const nothingKnown: TypeLayer = { typeUrl: url.endpoint, entries: new Map() };

function typeDifferences(own: TypeLayer, peer: TypeVersions): Differences {
  const known = inner(byTypeLayers, own);
  let found = known.get(peer);
  if (found === undefined) known.set(peer, (found = compared(own, peer)));
  return found;
}

function compared({ typeUrl, entries }: TypeLayer, peer: TypeVersions): Differences {
  const different = [...entries.values()].filter(({ name, version }) => peer.get(name)?.version !== version);
  const former = [...peer].flatMap(([name, served]): FormerResource[] => {
    const entry = entries.get(name);
    if (entry?.version === served.version) return [];
    return [{ typeUrl, name, origins: originsOf(served.origins) }];
  });
  return { lagging: different.map((entry) => laggingOf(typeUrl, entry)), former };
}

const formerBy = new WeakMap<AckState, readonly FormerResource[]>();

/** What the peer says that its proxy runs in place of what it serves. */
function formerIn(ackState: AckState): readonly FormerResource[] {
  if (ackState.former.length === 0) return none;
  let found = formerBy.get(ackState);
  if (found === undefined) {
    found = ackState.former.flatMap(({ typeUrl, name, origins }): FormerResource[] => {
      const type = knownTypes.find((it) => it === typeUrl);
      return type === undefined ? [] : [{ typeUrl: type, name, origins: origins && originsOf(origins) }];
    });
    formerBy.set(ackState, found);
  }
  return found;
}

/** null: one of them cannot be read. */
function originsOf(texts: readonly string[]): readonly Origin[] | null {
  const origins = texts.map(parseOrigin);
  return origins.every((origin) => origin !== null) ? origins : null;
}

const laggingByEntry = new WeakMap<Entry, LaggingResource>();

/** One object for each entry: it is found to be the same at a glance. */
function laggingOf(typeUrl: TypeUrl, entry: Entry): LaggingResource {
  let found = laggingByEntry.get(entry);
  if (found === undefined) {
    laggingByEntry.set(entry, (found = { typeUrl, name: entry.name, origins: entry.origins }));
  }
  return found;
}

/** The only one that has something, itself; else all of them in one. */
function joined<T>(lists: readonly (readonly T[])[]): readonly T[] {
  const filled = lists.filter((list) => list.length > 0);
  return filled.length > 1 ? filled.flat() : (filled[0] ?? none);
}

function inner<A extends object, B extends object, C>(map: WeakMap<A, WeakMap<B, C>>, key: A): WeakMap<B, C> {
  let found = map.get(key);
  if (found === undefined) map.set(key, (found = new WeakMap<B, C>()));
  return found;
}
