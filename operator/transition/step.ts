// How a port becomes Strict where plaintext is in use: it waits until nobody calls in plaintext, is Strict, and steps back if plaintext
// arrives right after that. Pure: one step of one place, from what is stored, remembered and seen. Entry: step.
import type { MtlsPlaceIr } from '../ir/mtls-place.ts';
import type { StoredPlace } from './stored-places.ts';

/** What the sidecars of a place tell. Times in ms since 1970. */
export interface Seen {
  /** Of the last hour. */
  readonly callers: readonly SeenCaller[];
  readonly reporters: readonly {
    readonly workload: string;
    /** null: not in the last hour. */
    readonly lastMs: number | null;
  }[];
}

export interface SeenCaller {
  readonly address: string;
  readonly count: number;
  readonly lastMs: number;
}

/** What the leader knows of a place beyond what is stored; a new leader begins without it, and waits the whole period. */
export interface Memory {
  /** Nobody was seen to call in plaintext since then. */
  readonly quietSinceMs: number;
  /** Workload → its last report. */
  readonly reports: ReadonlyMap<string, number>;
  /** It stepped back: who called. */
  readonly refused: readonly SeenCaller[];
}

export interface Step {
  /** null: nothing is stored of it. */
  readonly stored: StoredPlace | null;
  /** null: there is nothing to remember. */
  readonly memory: Memory | null;
  readonly waiting: Waiting | null;
}

/** Why a place is not Strict yet. */
export interface Waiting {
  readonly callers: readonly SeenCaller[];
  /** Keys of workloads whose sidecars do not report. */
  readonly silent: readonly string[];
  /** After so long without plaintext it is Strict. */
  readonly neededMs: number;
  readonly quietSinceMs: number;
  /** Who called when it was Strict, so that it stepped back; empty: it did not. */
  readonly refused: readonly SeenCaller[];
}

/** Sidecars report every ten seconds. */
const silentAfterMs = 30_000;
const maxQuietMs = 24 * 3_600_000;
const [minWatchMs, maxWatchMs] = [30_000, 600_000] as const;

type Place = Pick<MtlsPlaceIr, 'wish' | 'quietMs'>;

/** What is known of a place before a step. */
export interface Known {
  /** null: nothing is stored, so it is Strict if anybody wants that. */
  readonly stored: StoredPlace | null;
  readonly memory: Memory | null;
}

export function step(place: Place, { stored, memory }: Known, seen: Seen, nowMs: number): Step {
  if (place.wish === 'Immediate') return done(null);
  if (place.wish === 'Open') return done(isOpen(stored) ? stored : opened);
  if (stored === null) return done(null);
  if (stored.strictSinceMs === null) return wait(place, { stored, memory }, seen, nowMs);
  return watch(place, { ...stored, strictSinceMs: stored.strictSinceMs }, seen, nowMs);
}

const opened: StoredPlace = { attempts: 0, strictSinceMs: null };

function isOpen(stored: StoredPlace | null): boolean {
  return stored?.strictSinceMs === null && stored.attempts === 0;
}

function done(stored: StoredPlace | null): Step {
  return { stored, memory: null, waiting: null };
}

interface Waits extends Known {
  readonly stored: StoredPlace;
}

function wait(place: Place, { stored, memory: before }: Waits, seen: Seen, nowMs: number): Step {
  const neededMs = neededQuietMs(place, stored);
  const quietSinceMs = Math.max(
    before === null || hasGap(before, seen) ? nowMs : before.quietSinceMs,
    ...seen.callers.map(({ lastMs }) => lastMs),
  );
  const silent = silentOf(seen, nowMs);
  // What is not reported yet may be plaintext.
  const knownUntilMs = Math.min(nowMs, ...seen.reporters.map(({ lastMs }) => lastMs ?? 0));
  if (silent.length === 0 && knownUntilMs - quietSinceMs >= neededMs)
    return done({ attempts: stored.attempts, strictSinceMs: nowMs });
  const refused = before?.refused ?? [];
  return {
    stored,
    memory: { quietSinceMs, reports: reportsOf(before, seen), refused },
    waiting: { callers: seen.callers, silent, neededMs, quietSinceMs, refused },
  };
}

type Watched = StoredPlace & { readonly strictSinceMs: number };

function watch(place: Place, stored: Watched, seen: Seen, nowMs: number): Step {
  const { attempts, strictSinceMs } = stored;
  const untilMs = strictSinceMs + watchMs(place);
  const refused = seen.callers.filter(({ lastMs }) => lastMs > strictSinceMs && lastMs <= untilMs);
  if (refused.length > 0) {
    const again = { attempts: attempts + 1, strictSinceMs: null };
    const memory = { quietSinceMs: nowMs, reports: new Map<string, number>(), refused };
    return wait(place, { stored: again, memory }, seen, nowMs);
  }
  return done(nowMs > untilMs ? null : stored);
}

/** Twice as long after each attempt: whoever calls once an hour is not refused every ten minutes. */
function neededQuietMs({ quietMs }: Place, { attempts }: StoredPlace): number {
  return Math.min(quietMs * 2 ** Math.min(attempts, 20), Math.max(maxQuietMs, quietMs));
}

function watchMs({ quietMs }: Place): number {
  return Math.min(Math.max(quietMs, minWatchMs), maxWatchMs);
}

/** What a sidecar counts while nobody takes its reports is lost. */
function hasGap({ reports }: Memory, { reporters }: Seen): boolean {
  return reporters.some(({ workload, lastMs }) => {
    const before = reports.get(workload);
    return before !== undefined && lastMs !== null && lastMs - before > silentAfterMs;
  });
}

/** Of all that exist, also while they are silent. */
function reportsOf(before: Memory | null, { reporters }: Seen): ReadonlyMap<string, number> {
  return new Map(
    reporters.flatMap(({ workload, lastMs }) => {
      const known = lastMs ?? before?.reports.get(workload);
      return known === undefined ? [] : [[workload, known]];
    }),
  );
}

function silentOf({ reporters }: Seen, nowMs: number): readonly string[] {
  return reporters
    .filter(({ lastMs }) => lastMs === null || nowMs - lastMs > silentAfterMs)
    .map(({ workload }) => workload);
}
