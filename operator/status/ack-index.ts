// How the proxies stand to each object: who is concerned, who lags, who refuses, who is out of reach, and what they run
// instead. Pure.
import { originKey, type Origin } from '../ir/origin.ts';
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import type { Snapshot } from '../xds/snapshot/types.ts';
import { AbsentIndex, type AbsentWorkload } from './absent.ts';
import { isOverdue } from './grace.ts';
import { isLost, isUnknown, type Lag, type Laggard, lagByObject, mostNamed, noLag } from './lag.ts';
import { LayerIndex } from './layer-index.ts';
import { meshLag } from './mesh-lag.ts';
import { type Reference, referencesIn } from './references.ts';
import { compareText } from '../values/compare-text.ts';

/** How the proxies stand to one object. */
export interface AckState extends Lag {
  /** Proxies with a resource that the object shapes, or that may still run one which it shaped before. */
  readonly total: number;
  /** How many of `lagging` only may do so: they run something of which nobody knows what made it. */
  readonly unknown: number;
  /** Proxies that have left, with all of the object as it is to be. */
  readonly leftCurrent: number;
}

export interface Reported {
  readonly proxies: readonly ProxyReport[];
  readonly absent: readonly AbsentWorkload[];
  /** Only there a SecurityPolicy may be about the workloads of all namespaces. */
  readonly operatorNamespace: string;
  readonly now: Date;
}

/** Answers for one snapshot, the reports on it, and the workloads of which there is no report. */
export class AckIndex {
  readonly #snapshot: Snapshot;
  readonly #proxies: readonly ProxyReport[];
  readonly #byLayer: LayerIndex<ProxyReport>;
  readonly #leftByLayer: LayerIndex<ProxyReport>;
  readonly #lag: ReadonlyMap<string, Lag>;
  /** Those that may run something of any object. */
  readonly #unknown: readonly ProxyReport[];
  readonly #absent: AbsentIndex;
  readonly #operatorNamespace: string;
  readonly #now: Date;

  constructor(snapshot: Snapshot, { proxies, absent, operatorNamespace, now }: Reported) {
    this.#snapshot = snapshot;
    this.#proxies = proxies.toSorted(
      (a, b) => compareText(a.workload, b.workload) || compareText(a.nodeId, b.nodeId),
    );
    this.#byLayer = new LayerIndex(this.#proxies);
    this.#leftByLayer = new LayerIndex(this.#proxies.filter(({ leftAtMs }) => leftAtMs !== null));
    this.#lag = lagByObject(this.#proxies, now);
    this.#unknown = this.#proxies.filter(isUnknown);
    this.#absent = new AbsentIndex(absent);
    this.#operatorNamespace = operatorNamespace;
    this.#now = now;
  }

  /**
   * `isProven`: all obeyed this generation at some time. What nobody knows of a proxy may then be anything, but no earlier
   * generation of this object; nor may it be of an object that has no earlier one.
   */
  of(origin: Origin, isProven: boolean): AckState {
    const key = originKey(origin);
    const reference = referencesIn(this.#snapshot).objects.get(key);
    const isMesh = origin.kind === 'Mesh';
    const lag = isMesh ? meshLag(origin, this.#proxies, this.#now) : (this.#lag.get(key) ?? noLag);
    const mayRunEarlier = !isMesh && !isProven && origin.generation > 1;
    const unsaid = mayRunEarlier
      ? this.#unknown.filter((proxy) => !lag.unknownSeen.has(proxy) && this.#canConcern(origin, proxy))
      : [];
    const concerned = this.#absent.concernedBy(key, reference);
    const absent = mayRunEarlier
      ? this.#absent.all.filter((it) => concerned.has(it) || this.#canConcern(origin, it))
      : [...concerned];
    return this.#withAbsent(this.#withUnknown(lag, unsaid, reference), absent);
  }

  /** Objects that proxies still run something of. By originKey. */
  leftovers(): ReadonlyMap<string, Lag> {
    return new Map([...this.#lag].filter(([, { former }]) => former.size > 0));
  }

  /** Those that may run something that nobody knows, or nobody within reach, and whether the grace of this is over. */
  unknown(): { readonly within: readonly Laggard[]; readonly overdue: readonly Laggard[] } {
    const left = this.#proxies.filter((it) => isLost(it, this.#now) && it.former.length > 0);
    const unknown = this.#unknown.filter((it) => !isLost(it, this.#now));
    const { within, overdue } = byGrace(this.#absent.all, this.#now);
    return { within: [...unknown, ...within], overdue: [...left, ...overdue] };
  }

  #withUnknown(lag: Lag, unsaid: readonly ProxyReport[], reference: Reference | undefined): AckState {
    const layers = reference?.layers ?? [];
    const isConcerned = (proxy: ProxyReport): boolean => proxy.layers.some((id) => layers.includes(id));
    const others = new Set([...lag.formerProxies, ...unsaid].filter((proxy) => !isConcerned(proxy)));
    const present = unsaid.filter(isPresent);
    const left = byGrace(
      unsaid.filter((proxy) => !isPresent(proxy)),
      this.#now,
    );
    const withLeft = withMissing(lag, left);
    const othersLeft = [...others].filter((proxy) => !isPresent(proxy)).length;
    return {
      ...withLeft,
      lagging: lag.lagging + present.length,
      laggards: [...lag.laggards, ...present].slice(0, mostNamed),
      unknown: present.length,
      total: this.#byLayer.count(layers) + others.size,
      leftCurrent: this.#leftByLayer.count(layers) + othersLeft - withLeft.away - withLeft.lost,
    };
  }

  /** A SecurityPolicy is about workloads of its namespace, or targets the Mesh; anything else reaches callers everywhere. */
  #canConcern({ kind, namespace }: Origin, { workload }: { readonly workload: string }): boolean {
    if (kind !== 'SecurityPolicy' || namespace === this.#operatorNamespace) return true;
    return workload.split('/')[1] === namespace;
  }

  #withAbsent(state: AckState, absent: readonly AbsentWorkload[]): AckState {
    if (absent.length === 0) return state;
    const missing = withMissing(state, byGrace(absent, this.#now));
    return { ...missing, total: state.total + absent.length };
  }
}

function isPresent({ leftAtMs }: ProxyReport): boolean {
  return leftAtMs === null;
}

interface ByGrace<Missing> {
  readonly within: readonly Missing[];
  readonly overdue: readonly Missing[];
}

function byGrace<Missing extends Laggard>(missing: readonly Missing[], now: Date): ByGrace<Missing> {
  return {
    within: missing.filter((it) => !isOverdue(it, now)),
    overdue: missing.filter((it) => isOverdue(it, now)),
  };
}

/** These are out of reach, too. */
function withMissing<L extends Lag>(lag: L, { within, overdue }: ByGrace<Laggard>): L {
  return {
    ...lag,
    away: lag.away + within.length,
    awayNamed: [...lag.awayNamed, ...within].slice(0, mostNamed),
    lost: lag.lost + overdue.length,
    lostNamed: [...lag.lostNamed, ...overdue].slice(0, mostNamed),
  };
}
