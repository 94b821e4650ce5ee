// Counts as Cloud Monitoring takes them: sums since a start, and of each series one point in five seconds. What sidecars tell are differences, so
// they are added up here. Pure but for what it keeps. Entry: CumulativeSeries.
// @see https://cloud.google.com/monitoring/api/ref_v3/rest/v3/TimeInterval
import type { Point } from '../../telemetry/point.ts';
import type { Signal, Source } from '../signals.ts';
import { truncated } from './place.ts';

/** What is to be written. */
export interface Series {
  readonly source: Source;
  readonly metric: Point['metric'];
  /** Those that have a value. */
  readonly tags: readonly (readonly [name: string, value: string])[];
  readonly startMs: number;
  readonly endMs: number;
  readonly count: number;
  /** Of durations, in milliseconds. */
  readonly sum: number;
  readonly buckets: readonly number[] | null;
}

type Kept = { -readonly [K in keyof Series]: Series[K] };

interface State extends Kept {
  /** Begin anew with what comes next. */
  isOver: boolean;
  readonly bytes: number;
  writtenEndMs: number;
  /** Monotonic. */
  writtenAtMs: number;
}

/** Of more, those that were not counted for longest begin anew when they are. */
const most = 20_000;
/** About: a sidecar that was taken over may report long labels, and ever other ones. */
const mostBytes = 40_000_000;
/** Of a series, besides its texts, which are in its key, too. */
const overheadBytes = 700;
/** Beyond it, one more is no more, and Google takes no more than 2^63: such a series begins anew. */
const mostCount = Number.MAX_SAFE_INTEGER;
/** A series that nobody counted for so long begins anew: meanwhile its sidecar may have told another replica. */
const longestGapMs = 60_000;
/** @see https://cloud.google.com/monitoring/quotas */
const minPeriodMs = 5_000;
const mostBytesOfLabel = 1_024;

export class CumulativeSeries {
  /** Those that were counted last come last. */
  readonly #series = new Map<string, State>();
  /** They have what was not written. */
  readonly #waiting = new Set<State>();
  readonly #added = new WeakSet<Signal>();
  #bytes = 0;

  /** Each signal once: one that is sent again is in the sums. */
  add(signals: readonly Signal[]): void {
    for (const signal of signals) {
      if (signal.type !== 'counts' || this.#added.has(signal)) continue;
      this.#added.add(signal);
      const timeMs = Number(signal.timeNs / 1_000_000n);
      for (const point of signal.points) this.#count(signal.source, point, timeMs);
    }
  }

  /**
   * What may be written now. The rest waits for the next message: a sidecar that reports the same all the time would have everybody wait.
   */
  due(nowMs: number): readonly Series[] {
    return [...this.#waiting].filter(({ writtenAtMs }) => writtenAtMs + minPeriodMs <= nowMs);
  }

  /** Until something of what waits may be written. */
  pauseMs(nowMs: number): number {
    let due = Infinity;
    for (const { writtenAtMs } of this.#waiting) due = Math.min(due, writtenAtMs + minPeriodMs);
    return due === Infinity ? 0 : Math.max(due - nowMs, 0);
  }

  /** They were written, or never will be: then they begin anew. */
  settle(series: readonly Series[], { isRefused, nowMs }: { isRefused: boolean; nowMs: number }): void {
    const settled: ReadonlySet<Series> = new Set(series);
    for (const state of this.#waiting) {
      if (!settled.has(state)) continue;
      this.#waiting.delete(state);
      state.isOver ||= isRefused;
      state.writtenAtMs = nowMs;
      state.writtenEndMs = state.endMs;
    }
  }

  #count(source: Source, { metric, tags: all, count, buckets, sum = 0 }: Point, timeMs: number): void {
    const tags = Object.entries(all)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => [name, truncated(value, mostBytesOfLabel).value] as const);
    // A pod of the same name may have another service account some day.
    const key = JSON.stringify([source.workload, source.serviceAccount, metric, tags]);
    const state = this.#taken(key) ?? fresh({ source, metric, tags }, { key, timeMs });
    const isOver = state.isOver || timeMs - state.endMs > longestGapMs;
    if (isOver && !this.#waiting.has(state)) restart(state, timeMs);
    state.endMs = Math.max(timeMs, state.writtenEndMs + minPeriodMs);
    state.count = Math.min(state.count + count, mostCount);
    if (state.count === mostCount) state.isOver = true;
    state.sum += sum;
    state.buckets = buckets && buckets.map((value, at) => value + (state.buckets?.[at] ?? 0));
    this.#waiting.add(state);
    this.#series.set(key, state);
    this.#bytes += state.bytes;
    while (this.#series.size > most || this.#bytes > mostBytes) this.#forgetOldest();
  }

  /** Also if it waits: one that began anew beside it would be the same series twice in a request, which Google refuses. */
  #forgetOldest(): void {
    const oldest = this.#taken(this.#series.keys().next().value);
    if (oldest !== undefined) this.#waiting.delete(oldest);
  }

  /** Is not kept any more. */
  #taken(key = ''): State | undefined {
    const state = this.#series.get(key);
    this.#series.delete(key);
    this.#bytes -= state?.bytes ?? 0;
    return state;
  }
}

function fresh(
  of: Pick<Series, 'source' | 'metric' | 'tags'>,
  { key, timeMs }: { readonly key: string; readonly timeMs: number },
): State {
  return {
    ...of,
    startMs: timeMs - minPeriodMs,
    endMs: timeMs,
    count: 0,
    sum: 0,
    buckets: null,
    isOver: false,
    bytes: overheadBytes + 2 * key.length,
    writtenEndMs: -Infinity,
    writtenAtMs: -Infinity,
  };
}

/** A start has to be after the last end. */
function restart(state: State, timeMs: number): void {
  state.startMs = Math.max(timeMs - minPeriodMs, state.writtenEndMs + 1);
  state.count = 0;
  state.sum = 0;
  state.buckets = null;
  state.isOver = false;
}
