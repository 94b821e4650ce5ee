// How the proxies stand to each object: who is concerned, who lags, who refuses, and what they run instead. Pure.
import { originKey, type Origin } from '../ir/origin.ts';
import type { LayerId } from '../envoy/resources/xds-resource.ts';
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import type { Snapshot } from '../xds/snapshot/types.ts';
import { isUnknown, type Lag, lagByObject, mostNamed, noLag } from './lag.ts';
import { meshLag } from './mesh-lag.ts';
import { type Reference, referencesIn } from './references.ts';
import { compareText } from '../values/compare-text.ts';

/** How the proxies stand to one object. */
export interface AckState extends Lag {
  /** Proxies with a resource that the object shapes, or that still run one which it shaped before. */
  readonly total: number;
}

/** Answers for one snapshot and the reports on it. */
export class AckIndex {
  readonly #snapshot: Snapshot;
  readonly #proxies: readonly ProxyReport[];
  readonly #byLayer: ReadonlyMap<LayerId, readonly ProxyReport[]>;
  readonly #lag: ReadonlyMap<string, Lag>;
  /** Those that may run something of any object. */
  readonly #unknown: readonly ProxyReport[];

  constructor(snapshot: Snapshot, proxies: readonly ProxyReport[]) {
    this.#snapshot = snapshot;
    this.#proxies = proxies.toSorted(
      (a, b) => compareText(a.workload, b.workload) || compareText(a.nodeId, b.nodeId),
    );
    this.#byLayer = groupByLayer(this.#proxies);
    this.#lag = lagByObject(this.#proxies);
    this.#unknown = this.#proxies.filter(isUnknown);
  }

  of(origin: Origin): AckState {
    const key = originKey(origin);
    const reference = referencesIn(this.#snapshot).objects.get(key);
    // An external workload with a sidecar is programmed when that sidecar is; its endpoint shapes all its callers' too.
    if (origin.kind === 'ExternalWorkload' && this.#snapshot.views.has(key)) return this.#ofOwnProxy(key);
    const concerned = this.#concerned(reference);
    if (origin.kind === 'Mesh')
      return { total: concerned.count, ...meshLag(origin, this.#proxies.filter(concerned.has)) };
    return this.#withUnknown(this.#lag.get(key) ?? noLag, concerned);
  }

  /** Objects that proxies still run something of. By originKey. */
  leftovers(): ReadonlyMap<string, Lag> {
    return new Map([...this.#lag].filter(([, { former }]) => former.size > 0));
  }

  /** Keys of the workloads whose proxies run something that nobody knows. */
  unknown(): readonly string[] {
    return this.#unknown.map(({ workload }) => workload);
  }

  #ofOwnProxy(key: string): AckState {
    const own = this.#proxies.filter(({ workload }) => workload === key);
    return { total: own.length, ...(lagByObject(own).get(key) ?? noLag) };
  }

  #concerned(reference: Reference | undefined): Concerned {
    const layers = new Set(reference?.layers);
    const has = (proxy: ProxyReport): boolean => proxy.layers.some((id) => layers.has(id));
    const [first] = layers;
    if (first !== undefined && layers.size === 1)
      return { count: this.#byLayer.get(first)?.length ?? 0, has };
    const all = new Set<ProxyReport>();
    for (const layer of layers) {
      for (const proxy of this.#byLayer.get(layer) ?? []) all.add(proxy);
      if (all.size === this.#proxies.length) break;
    }
    return { count: all.size, has };
  }

  #withUnknown(lag: Lag, { count, has }: Concerned): AckState {
    const others = new Set([...lag.formerProxies, ...this.#unknown].filter((proxy) => !has(proxy)));
    const more = this.#unknown.length - lag.unknown;
    const total = count + others.size;
    if (more === 0) return { ...withoutCounters(lag), total };
    const laggards = [...new Set([...lag.laggards, ...this.unknown()])].slice(0, mostNamed);
    return {
      ...withoutCounters(lag),
      total,
      laggards,
      lagging: lag.lagging + more,
      unknown: this.#unknown.length,
    };
  }
}

interface Concerned {
  readonly count: number;
  readonly has: (proxy: ProxyReport) => boolean;
}

function withoutCounters({
  lagging,
  laggards,
  rejecting,
  rejection,
  former,
  formerProxies,
  unknown,
}: Lag): Lag {
  return { lagging, laggards, rejecting, rejection, former, formerProxies, unknown };
}

function groupByLayer(proxies: readonly ProxyReport[]): ReadonlyMap<LayerId, readonly ProxyReport[]> {
  const groups = new Map<LayerId, ProxyReport[]>();
  for (const proxy of proxies) {
    for (const layer of proxy.layers) {
      const group = groups.get(layer);
      if (group === undefined) groups.set(layer, [proxy]);
      else group.push(proxy);
    }
  }
  return groups;
}
