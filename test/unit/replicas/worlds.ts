// Snapshots and reports in few words, for tests of what replicas tell each other. What is equal is the same object, as
// in production.
import type { Origin } from '../../../operator/ir/origin.ts';
import type { Own } from '../../../operator/replicas/delta.ts';
import type { PeerState } from '../../../operator/replicas/peer-state.ts';
import { typeUrl as url, type TypeUrl } from '../../../operator/envoy/proto/type-urls.ts';
import type { ProxyReport } from '../../../operator/xds/session/proxy-report.ts';
import type { Entry, Layer, Snapshot } from '../../../operator/xds/snapshot/types.ts';

export const [CDS, EDS, LDS] = [url.cluster, url.endpoint, url.listener];

/** Type → name → version; `v1@3`: of generation 3 of the object it is named after. */
export type LayerWords = Readonly<Partial<Record<TypeUrl, Readonly<Record<string, string>>>>>;

/** Resources are named in the order of `lagging`: `CDS a`. */
export interface ProxyWords {
  readonly name: string;
  readonly connectedAtMs?: number;
  readonly leftAtMs?: number;
  readonly layers?: readonly string[];
  readonly lagging?: readonly (readonly [TypeUrl, string])[];
  readonly rejected?: readonly (readonly [TypeUrl, string, string])[];
  /** With the generation of the object that it is named after. */
  readonly former?: readonly (readonly [TypeUrl, string, number])[];
  readonly atRest?: boolean;
}

export interface World {
  readonly layers: Readonly<Record<string, LayerWords>>;
  readonly proxies: readonly ProxyWords[];
}

const layerByWords = new Map<string, Layer>();
const reportByWords = new Map<string, ProxyReport>();

function remembered<T>(known: Map<string, T>, words: unknown, make: () => T): T {
  const key = JSON.stringify(words);
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
}

/** Every workload of a proxy sees its layers, by default all there are. */
export function ownOf({ layers, proxies }: World): Own {
  const all = Object.keys(layers);
  return {
    snapshot: snapshotOf(
      layers,
      proxies.map(({ name, layers: seen = all }) => [name, seen]),
    ),
    proxies: proxies.map((words) => reportOf({ layers: all, ...words })),
  };
}

export function snapshotOf(
  layers: World['layers'],
  views: readonly (readonly [name: string, layers: readonly string[]])[],
): Snapshot {
  return {
    generation: 1,
    layers: new Map(Object.entries(layers).map(([id, words]) => [id, layerOf(words)])),
    views: new Map(views.map(([name, seen]) => [workloadOf(name), seen])),
    invalid: [],
  };
}

export function workloadOf(name: string): string {
  return `Pod/shop/${name}`;
}

export function layerOf(words: LayerWords): Layer {
  return remembered(layerByWords, words, () => {
    const types = Object.entries(words) as [TypeUrl, Readonly<Record<string, string>>][];
    return new Map(
      types.map(([typeUrl, entries]) => {
        const made = Object.entries(entries).map((entry) => entryOf(...entry));
        return [typeUrl, { typeUrl, entries: new Map(made.map((it) => [it.name, it])) }];
      }),
    );
  });
}

function originOf(name: string, generation: number): Origin {
  return { kind: 'Service', namespace: 'shop', name, generation };
}

function entryOf(name: string, words: string): Entry {
  const [version = '', generation = '1'] = words.split('@');
  const origins = [originOf(name, Number(generation))];
  return { name, version, any: new Uint8Array(), origins, clusters: [], exclusiveKeys: [] };
}

export function reportOf(words: ProxyWords): ProxyReport {
  return remembered(reportByWords, words, () => {
    const {
      name,
      connectedAtMs = 0,
      leftAtMs = null,
      layers = [],
      lagging = [],
      rejected = [],
      former = [],
      atRest = true,
    } = words;
    return {
      workload: workloadOf(name),
      nodeId: `Pod~shop~${name}~uid`,
      connectedAtMs,
      leftAtMs,
      since: null,
      layers,
      lagging: lagging.map(([typeUrl, it]) => ({ typeUrl, name: it, origins: [] })),
      rejected: rejected.map(([typeUrl, it, message]) => ({ typeUrl, name: it, origins: [], message })),
      former: former.map(([typeUrl, it, generation]) => ({
        typeUrl,
        name: it,
        origins: [originOf(it, generation)],
      })),
      atRest,
    };
  });
}

/** As plain data, without what depends on the way it came about. */
export function plain({ layers, proxies }: PeerState): object {
  const versions = [...layers].map(([id, types]) => [
    id,
    Object.fromEntries([...types].map(([type, entries]) => [type, Object.fromEntries(entries)])),
  ]);
  return {
    layers: Object.fromEntries(versions) as unknown,
    proxies: [...proxies.values()].map((it) => JSON.stringify(it)).toSorted(),
  };
}
