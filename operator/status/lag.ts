// Which proxies do not obey which object, and what they run instead. Pure. The work is proportional to the proxies and what
// they lag on; never to proxies times objects.
import { originKey, type Origin } from '../ir/origin.ts';
import type { FormerResource, ProxyReport, RejectedResource } from '../xds/session/proxy-report.ts';
import { isOverdue } from './grace.ts';
import { originKeys } from './references.ts';
import { compareText } from '../values/compare-text.ts';

export interface Rejection {
  /** Key of the workload whose proxy refused. */
  readonly workload: string;
  readonly resource: RejectedResource;
  /** How many further resources of the object the same proxy refused in the same words. */
  readonly alike: number;
}

/** Where a generation of an object still runs that is not to run there any more. */
export interface Leftover {
  /** How many proxies run it, or may. */
  readonly proxies: number;
  /** The first of them, by workload key. */
  readonly workload: string;
  readonly resource: FormerResource;
  /** What this proxy refused, and keeps the former resource for. */
  readonly refused: RejectedResource | undefined;
}

/** A proxy that falls short, by the key of its workload. */
export interface Laggard {
  readonly workload: string;
  /** Since when it has not had everything, or is away; null: nobody knows. */
  readonly since: Date | null;
}

/** How some proxies fall short of one object. */
export interface Lag {
  /** Connected proxies that lack something of it, or run something of it that is not as it is to be. */
  readonly lagging: number;
  /** The first few of these, by workload key. */
  readonly laggards: readonly Laggard[];
  /** Proxies that did so when they left, or do so since; what they run now nobody knows. */
  readonly away: number;
  /** The first few of these. */
  readonly awayNamed: readonly Laggard[];
  /** Proxies that would be among these, were they not out of reach for longer than the grace. */
  readonly lost: number;
  /** The first few of these. */
  readonly lostNamed: readonly Laggard[];
  /** How many proxies refused such a resource. */
  readonly rejecting: number;
  /** What the first of these refused. */
  readonly rejection: Rejection | undefined;
  /** By generation of the object. */
  readonly former: ReadonlyMap<number, Leftover>;
  /** Those that run such a former resource, one by one. */
  readonly formerProxies: ReadonlySet<ProxyReport>;
  /** Those among all of these that have a former resource of which nobody knows what made it. */
  readonly unknownSeen: ReadonlySet<ProxyReport>;
}

export const noLag: Lag = {
  lagging: 0,
  laggards: [],
  away: 0,
  awayNamed: [],
  lost: 0,
  lostNamed: [],
  rejecting: 0,
  rejection: undefined,
  former: new Map(),
  formerProxies: new Set(),
  unknownSeen: new Set(),
};

/** How many laggards are named. */
export const mostNamed = 3;

/** It runs something from before that nobody here can tell the origins of: it may be anybody's. */
export function isUnknown({ former }: ProxyReport): boolean {
  return former.some(({ origins }) => origins === null);
}

/** By originKey. `proxies` sorted by workload: the first to lag or refuse are those named. */
export function lagByObject(proxies: readonly ProxyReport[], now: Date): ReadonlyMap<string, Lag> {
  const lags = new Map<string, LagCounter>();
  // Proxies lag on the same entries: the objects of an entry are looked up once.
  const known = new Map<readonly Origin[], readonly LagCounter[]>();
  const lagsOf = (origins: readonly Origin[]): readonly LagCounter[] => {
    const found = known.get(origins) ?? originKeys(origins).map((key) => lagOf(lags, key, now));
    known.set(origins, found);
    return found;
  };
  for (const proxy of proxies) {
    // What it refused is among what it lags on.
    for (const { origins } of proxy.lagging) for (const lag of lagsOf(origins)) lag.noteLagging(proxy);
    for (const resource of sorted(proxy.rejected))
      for (const lag of lagsOf(resource.origins)) lag.noteRejection(proxy, resource);
    for (const resource of proxy.former)
      for (const origin of resource.origins ?? [])
        lagOf(lags, originKey(origin), now).noteFormer(proxy, resource, origin.generation);
  }
  return lags;
}

function sorted<R extends FormerResource>(resources: readonly R[]): readonly R[] {
  if (resources.length < 2) return resources;
  return resources.toSorted((a, b) => compareText(a.typeUrl, b.typeUrl) || compareText(a.name, b.name));
}

function lagOf(lags: Map<string, LagCounter>, key: string, now: Date): LagCounter {
  const known = lags.get(key);
  if (known !== undefined) return known;
  const lag = new LagCounter(now);
  lags.set(key, lag);
  return lag;
}

interface LeftoverCounter extends Leftover {
  proxies: number;
  last: ProxyReport;
}

interface RejectionCounter extends Rejection {
  alike: number;
}

/** Proxies are noted one after the other: each counts once, however many resources of the object it is about. */
class LagCounter implements Lag {
  readonly laggards: Laggard[] = [];
  readonly awayNamed: Laggard[] = [];
  readonly lostNamed: Laggard[] = [];
  lagging = 0;
  away = 0;
  lost = 0;
  rejecting = 0;
  readonly unknownSeen = new Set<ProxyReport>();
  rejection: RejectionCounter | undefined;
  readonly former = new Map<number, LeftoverCounter>();
  readonly formerProxies = new Set<ProxyReport>();
  readonly #now: Date;
  #lastLagging: ProxyReport | undefined;
  #lastRejecting: ProxyReport | undefined;

  constructor(now: Date) {
    this.#now = now;
  }

  noteLagging(proxy: ProxyReport): void {
    if (this.#lastLagging === proxy) return;
    this.#lastLagging = proxy;
    if (proxy.former.length > 0 && isUnknown(proxy)) this.unknownSeen.add(proxy);
    const named = this.#count(proxy);
    if (named.length < mostNamed) named.push(proxy);
  }

  noteRejection(proxy: ProxyReport, resource: RejectedResource): void {
    if (proxy.leftAtMs !== null) return;
    if (this.#lastRejecting === proxy) return this.#noteAlike(resource);
    this.#lastRejecting = proxy;
    this.rejecting += 1;
    this.rejection ??= { workload: proxy.workload, resource, alike: 0 };
  }

  /** Another one of the proxy that is noted now. */
  #noteAlike({ message }: RejectedResource): void {
    const { rejection } = this;
    if (this.rejecting === 1 && rejection?.resource.message === message) rejection.alike += 1;
  }

  noteFormer(proxy: ProxyReport, resource: FormerResource, generation: number): void {
    this.noteLagging(proxy);
    this.formerProxies.add(proxy);
    if (isLost(proxy, this.#now)) return;
    const known = this.former.get(generation);
    if (known === undefined) {
      const { workload } = proxy;
      const refused = refusedInstead(proxy, resource);
      this.former.set(generation, { proxies: 1, workload, resource, refused, last: proxy });
    } else if (known.last !== proxy) {
      known.last = proxy;
      known.proxies += 1;
    }
  }

  /** Who is named with it. */
  #count(proxy: ProxyReport): Laggard[] {
    if (isLost(proxy, this.#now)) {
      this.lost += 1;
      return this.lostNamed;
    }
    if (proxy.leftAtMs !== null) {
      this.away += 1;
      return this.awayNamed;
    }
    this.lagging += 1;
    return this.laggards;
  }
}

/** It has left, longer ago than the grace. */
export function isLost(proxy: ProxyReport, now: Date): boolean {
  return proxy.leftAtMs !== null && isOverdue(proxy, now);
}

/** What the proxy refused in its place; or, once nothing is under way, anything that it refused and may need it for. */
function refusedInstead(
  { rejected, atRest }: ProxyReport,
  { typeUrl, name }: FormerResource,
): RejectedResource | undefined {
  const same = rejected.find((it) => it.typeUrl === typeUrl && it.name === name);
  return same ?? (atRest ? sorted(rejected)[0] : undefined);
}
