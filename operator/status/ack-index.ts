// How the proxies stand to each object: who is concerned, who lags, who refuses, who is out of reach, and what they run
// instead. Pure.
import { originKey, type Origin } from '../ir/origin.ts';
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import type { Snapshot } from '../xds/snapshot/types.ts';
import { AbsentIndex, type AbsentWorkload } from './absent.ts';
import { isUnknown, type Lag, lagByObject, mostNamed, noLag } from './lag.ts';
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

  constructor(snapshot: Snapshot, proxies: readonly ProxyReport[], absent: readonly AbsentWorkload[]) {
    this.#snapshot = snapshot;
    this.#proxies = proxies.toSorted(
      (a, b) => compareText(a.workload, b.workload) || compareText(a.nodeId, b.nodeId),
    );
    this.#byLayer = new LayerIndex(this.#proxies);
    this.#leftByLayer = new LayerIndex(this.#proxies.filter(({ leftAtMs }) => leftAtMs !== null));
    this.#lag = lagByObject(this.#proxies);
    this.#unknown = this.#proxies.filter(isUnknown);
    this.#absent = new AbsentIndex(absent);
  }

  /**
   * `isProven`: all obeyed this generation at some time. What nobody knows of a proxy may then be anything, but no earlier
   * generation of this object; nor may it be of an object that has no earlier one.
   */
  of(origin: Origin, isProven: boolean): AckState {
    const key = originKey(origin);
    const reference = referencesIn(this.#snapshot).objects.get(key);
    const isMesh = origin.kind === 'Mesh';
    const lag = isMesh ? meshLag(origin, this.#proxies) : (this.#lag.get(key) ?? noLag);
    const mayBeAnywhere = !isMesh && !isProven && origin.generation > 1;
    const unsaid = mayBeAnywhere ? this.#unknown.filter((proxy) => !lag.unknownSeen.has(proxy)) : [];
    const absent = mayBeAnywhere ? this.#absent.all : [...this.#absent.concernedBy(key, reference)];
    return withAbsent(this.#withUnknown(lag, unsaid, reference), absent);
  }

  /** Objects that proxies still run something of. By originKey. */
  leftovers(): ReadonlyMap<string, Lag> {
    return new Map([...this.#lag].filter(([, { former }]) => former.size > 0));
  }

  /** Keys of the workloads whose proxies may run something that nobody knows. */
  unknown(): readonly string[] {
    return [...this.#unknown, ...this.#absent.all].map(({ workload }) => workload);
  }

  #withUnknown(lag: Lag, unsaid: readonly ProxyReport[], reference: Reference | undefined): AckState {
    const layers = reference?.layers ?? [];
    const isConcerned = (proxy: ProxyReport): boolean => proxy.layers.some((id) => layers.includes(id));
    const others = new Set([...lag.formerProxies, ...unsaid].filter((proxy) => !isConcerned(proxy)));
    const [present, left] = [unsaid.filter(isPresent), unsaid.filter((proxy) => !isPresent(proxy))];
    const away = lag.away + left.length;
    const othersLeft = [...others].filter((proxy) => !isPresent(proxy)).length;
    return {
      ...lagOnly(lag),
      lagging: lag.lagging + present.length,
      laggards: [...lag.laggards, ...present].slice(0, mostNamed),
      away,
      awayNamed: [...lag.awayNamed, ...left].slice(0, mostNamed),
      unknown: present.length,
      total: this.#byLayer.count(layers) + others.size,
      leftCurrent: this.#leftByLayer.count(layers) + othersLeft - away,
    };
  }
}

/** Without what the counter has besides. */
function lagOnly({ rejecting, rejection, former, formerProxies, unknownSeen }: Lag): Omit<Lag, Counted> {
  return { rejecting, rejection, former, formerProxies, unknownSeen };
}

type Counted = 'lagging' | 'laggards' | 'away' | 'awayNamed';

function isPresent({ leftAtMs }: ProxyReport): boolean {
  return leftAtMs === null;
}

function withAbsent(state: AckState, absent: readonly AbsentWorkload[]): AckState {
  if (absent.length === 0) return state;
  const named = absent.slice(0, mostNamed).map(({ workload }) => ({ workload, since: null }));
  return {
    ...state,
    total: state.total + absent.length,
    away: state.away + absent.length,
    awayNamed: [...state.awayNamed, ...named].slice(0, mostNamed),
  };
}
