// How the connected proxies stand to each object: who is concerned, who lags, who refuses. Pure. The work is
// proportional to the proxies, what they lag on, and the objects; never to proxies times objects.
import { originKey, type Origin } from '../ir/origin.ts';
import type { LayerId } from '../envoy/resources/xds-resource.ts';
import type { ProxyReport, RejectedResource } from '../xds/session/proxy-report.ts';
import type { Snapshot } from '../xds/snapshot/types.ts';
import { compare, type Reference, referencesIn, originKeys } from './references.ts';

/** How the proxies stand to one object. */
export interface AckState {
  /** Connected proxies with a resource that the object shaped. */
  readonly total: number;
  /** Those of them that lag on such a resource. */
  readonly lagging: number;
  /** The first few of these, by workload key. */
  readonly laggards: readonly string[];
  /** How many of them refused such a resource. */
  readonly rejecting: number;
  /** What the first of these refused. */
  readonly rejection: Rejection | undefined;
}

export interface Rejection {
  /** Key of the workload whose proxy refused. */
  readonly workload: string;
  readonly resource: RejectedResource;
}

interface Lag {
  readonly laggards: string[];
  lagging: number;
  rejecting: number;
  rejection: Rejection | undefined;
  lastLagging: ProxyReport | undefined;
  lastRejecting: ProxyReport | undefined;
}

const named = 3;

/** Answers for one snapshot and the reports on it. */
export class AckIndex {
  readonly #snapshot: Snapshot;
  readonly #proxies: readonly ProxyReport[];
  readonly #byLayer: ReadonlyMap<LayerId, readonly ProxyReport[]>;
  readonly #lag: ReadonlyMap<string, Lag>;

  constructor(snapshot: Snapshot, proxies: readonly ProxyReport[]) {
    this.#snapshot = snapshot;
    this.#proxies = proxies.toSorted(
      (a, b) => compare(a.workload, b.workload) || compare(a.nodeId, b.nodeId),
    );
    this.#byLayer = groupByLayer(this.#proxies);
    this.#lag = lagByObject(this.#proxies);
  }

  of(origin: Origin): AckState {
    const key = originKey(origin);
    const reference = referencesIn(this.#snapshot).objects.get(key);
    if (reference === undefined) return ackState(0, undefined);
    // An external workload with a sidecar is programmed when that sidecar is; its endpoint shapes all its callers' too.
    if (origin.kind === 'ExternalWorkload' && this.#snapshot.views.has(key)) return this.#ofOwnProxy(key);
    return ackState(this.#countConcerned(reference), this.#lag.get(key));
  }

  #ofOwnProxy(key: string): AckState {
    const own = this.#proxies.filter(({ workload }) => workload === key);
    return ackState(own.length, lagByObject(own).get(key));
  }

  #countConcerned({ layers }: Reference): number {
    const [first, ...others] = layers;
    if (first !== undefined && others.length === 0) return this.#byLayer.get(first)?.length ?? 0;
    const concerned = new Set<ProxyReport>();
    for (const layer of layers) {
      for (const proxy of this.#byLayer.get(layer) ?? []) concerned.add(proxy);
      if (concerned.size === this.#proxies.length) break;
    }
    return concerned.size;
  }
}

function ackState(total: number, lag: Lag | undefined): AckState {
  return {
    total,
    lagging: Math.min(total, lag?.lagging ?? 0),
    laggards: lag?.laggards ?? [],
    rejecting: Math.min(total, lag?.rejecting ?? 0),
    rejection: lag?.rejection,
  };
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

/** `proxies` sorted by workload: the first to lag or refuse are those named. */
function lagByObject(proxies: readonly ProxyReport[]): ReadonlyMap<string, Lag> {
  const lags = new Map<string, Lag>();
  // Proxies lag on the same entries: the objects of an entry are looked up once.
  const known = new Map<readonly Origin[], readonly Lag[]>();
  const lagsOf = (origins: readonly Origin[]): readonly Lag[] => {
    const found = known.get(origins) ?? originKeys(origins).map((key) => lagOf(lags, key));
    known.set(origins, found);
    return found;
  };
  for (const proxy of proxies) {
    // What it refused is among what it lags on.
    for (const { origins } of proxy.lagging) for (const lag of lagsOf(origins)) noteLag(lag, proxy);
    const rejected = proxy.rejected.toSorted(
      (a, b) => compare(a.typeUrl, b.typeUrl) || compare(a.name, b.name),
    );
    for (const resource of rejected)
      for (const lag of lagsOf(resource.origins)) noteRejection(lag, proxy, resource);
  }
  return lags;
}

/** A proxy counts once, however many resources of the object it lags on. */
function noteLag(lag: Lag, proxy: ProxyReport): void {
  if (lag.lastLagging === proxy) return;
  lag.lastLagging = proxy;
  lag.lagging += 1;
  if (lag.laggards.length < named) lag.laggards.push(proxy.workload);
}

function noteRejection(lag: Lag, proxy: ProxyReport, resource: RejectedResource): void {
  if (lag.lastRejecting === proxy) return;
  lag.lastRejecting = proxy;
  lag.rejecting += 1;
  lag.rejection ??= { workload: proxy.workload, resource };
}

function lagOf(lags: Map<string, Lag>, key: string): Lag {
  const known = lags.get(key);
  if (known !== undefined) return known;
  const lag: Lag = {
    laggards: [],
    lagging: 0,
    rejecting: 0,
    rejection: undefined,
    lastLagging: undefined,
    lastRejecting: undefined,
  };
  lags.set(key, lag);
  return lag;
}
