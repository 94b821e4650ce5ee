// Fetches the keys of issuers again and again while this operator leads, and stores them where all operators read them. An answer that
// cannot be used leaves the keys there are. Each source has a loop of its own, so that none waits for another. Entry: KeyFetcher.
import type { FetchedKeys, KeyReport } from '../conditions/key-report.ts';
import type { KeySourceIr } from '../ir/key-source.ts';
import type { ConfigMapPort } from '../ports/config-map-port.ts';
import { type Clock, pause } from '../process/clock.ts';
import type { Log } from '../process/log.ts';
import { isSameValue } from '../values/same-value.ts';
import type { FetchOutcome, KeySetFetch } from './key-set-fetch.ts';
import { nextFetchMs } from './fetch-schedule.ts';
import { Slots } from '../process/slots.ts';
import { type KeySet, readKeySet } from './key-set.ts';
import { storedData, type StoredKeys, storedName } from './stored-keys.ts';
import { UnusedKeys } from './unused-keys.ts';

export interface KeyFetcherOptions {
  readonly fetch: KeySetFetch;
  readonly configMaps: ConfigMapPort;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly onFetched: (result: 'success' | 'failure') => void;
  /** Something of one of them has changed. None while this operator does not lead. */
  readonly onReports: (reports: readonly KeyReport[]) => void;
}

/** Fetches at the same time. Each ends within 5 s, and who does not answer is asked rarely. */
const maxConcurrentFetches = 32;
/** The time of the last success is stored so often: more often it would be of no use. */
const storeTimeMs = 3_600_000;
/** Of one that has keys, so many in a row are no news: the next may succeed. */
const quietFailures = 2;

/** What came of the last fetch. */
interface Outcome {
  from: KeyReport['from'];
  keys: StoredKeys | null;
  notes: readonly string[];
  problem: string | null;
  isNews: boolean;
  /** In a row. */
  failures: number;
}

interface Followed extends Outcome {
  source: KeySourceIr;
  readonly end: AbortController;
  readonly ended: Promise<void>;
}

export class KeyFetcher {
  readonly #options: KeyFetcherOptions;
  readonly #slots = new Slots(maxConcurrentFetches);
  readonly #unused: UnusedKeys;
  #sources: readonly KeySourceIr[] = [];
  #stored: ReadonlyMap<string, StoredKeys> = new Map();
  #isLeading = false;
  readonly #followed = new Map<string, Followed>();

  constructor(options: KeyFetcherOptions) {
    this.#options = options;
    this.#unused = new UnusedKeys(options);
  }

  /** stored: by the id of the source. */
  set(sources: readonly KeySourceIr[], stored: ReadonlyMap<string, StoredKeys>): void {
    const lost = [...this.#stored.keys()].filter((id) => !stored.has(id));
    this.#sources = sources;
    this.#stored = stored;
    if (!this.#isLeading) return;
    this.#follow();
    // Somebody has deleted them: they are stored again.
    for (const id of lost) this.#restart(id, 0);
  }

  onStartedLeading(): void {
    this.#isLeading = true;
    this.#follow();
  }

  async onStoppedLeading(): Promise<void> {
    this.#isLeading = false;
    await Promise.all([this.#unused.end(), ...[...this.#followed.keys()].map((id) => this.#end(id))]);
    this.#options.onReports([]);
  }

  /** Begins what is new, ends what is no longer wanted. */
  #follow(): void {
    const wanted = new Map(this.#sources.map((source) => [source.id, source]));
    for (const id of this.#followed.keys()) if (!wanted.has(id)) void this.#end(id);
    for (const source of this.#sources) this.#followOne(source);
    this.#unused.set([...this.#stored.keys()].filter((id) => !wanted.has(id)));
    this.#report();
  }

  #followOne(source: KeySourceIr): void {
    const followed = this.#followed.get(source.id);
    if (followed === undefined) {
      const keys = this.#stored.get(source.id) ?? null;
      const from = source.issuer === null ? 'uri' : 'document';
      const outcome: Outcome = { from, keys, notes: [], problem: null, isNews: false, failures: 0 };
      // At once: nobody knows what happened since they were stored.
      this.#begin(source, outcome, 0);
      return;
    }
    const isSame = followed.source.refreshMs === source.refreshMs;
    followed.source = source;
    if (!isSame) this.#restart(source.id, this.#waitMs(source, followed));
  }

  /** With another interval than before. */
  #waitMs({ refreshMs }: KeySourceIr, { keys, failures }: Outcome): number {
    const { clock, random } = this.#options;
    const ageMs = keys === null || failures > 0 ? 0 : Math.max(0, clock.now() - keys.fetchedMs);
    return Math.max(0, nextFetchMs({ refreshMs, failures }, random()) - ageMs);
  }

  #restart(id: string, waitMs: number): void {
    const followed = this.#followed.get(id);
    if (followed === undefined) return;
    void this.#end(id);
    this.#begin(followed.source, followed, waitMs);
  }

  #begin(source: KeySourceIr, outcome: Outcome, waitMs: number): void {
    const end = new AbortController();
    const { from, keys, notes, problem, isNews, failures } = outcome;
    const followed: Followed = {
      source,
      from,
      keys,
      notes,
      problem,
      isNews,
      failures,
      end,
      // Not before it is among those that are followed.
      ended: Promise.resolve().then(() => this.#loop(followed, waitMs)),
    };
    this.#followed.set(source.id, followed);
  }

  async #end(id: string): Promise<void> {
    const followed = this.#followed.get(id);
    this.#followed.delete(id);
    followed?.end.abort();
    await followed?.ended;
  }

  async #loop(followed: Followed, firstMs: number): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = followed.end;
    let waitMs = firstMs;
    while (!signal.aborted) {
      // oxlint-disable no-await-in-loop -- one fetch after the other
      await pause(waitMs, clock, signal);
      await this.#slots.run(async () => (signal.aborted ? undefined : this.#fetch(followed)));
      // oxlint-enable no-await-in-loop
      const { source, failures } = followed;
      waitMs = nextFetchMs({ refreshMs: source.refreshMs, failures }, random());
    }
  }

  async #fetch(followed: Followed): Promise<void> {
    const { fetch, clock } = this.#options;
    const { signal } = followed.end;
    const fetched = await fetch(followed.source, signal);
    if (signal.aborted) return;
    const set = fetched.type === 'fetched' ? readKeySet(fetched.text, { quotes: false }) : null;
    if (fetched.type === 'fetched' && set !== null && set.keys.length > 0)
      take(followed, { ...set, endpoints: fetched.endpoints ?? null }, clock.now());
    const unstored = await this.#store(followed);
    if (!signal.aborted) this.#settle(followed, fetched, unstored ?? problemOf(fetched, set));
  }

  #settle(followed: Followed, fetched: FetchOutcome, problem: string | null): void {
    this.#options.onFetched(problem === null ? 'success' : 'failure');
    this.#log(followed, problem, fetched);
    followed.from = fetched.from ?? 'uri';
    followed.problem = problem;
    followed.failures = problem === null ? 0 : followed.failures + 1;
    followed.isNews =
      fetched.type === 'fetched' || followed.keys === null || followed.failures > quietFailures;
    this.#report();
  }

  /** @returns why they cannot be stored, or null */
  async #store({ source, keys, end }: Followed): Promise<string | null> {
    const stored = this.#stored.get(source.id);
    if (keys === null || isStored(keys, stored)) return null;
    const { configMaps, log } = this.#options;
    try {
      await configMaps.write(storedName(source.id), storedData(source.uri, keys));
      if (!isSameValue(stored?.keys, keys.keys))
        log.info({ uri: source.uri, keys: keys.keys.length }, 'keys of issuer changed');
      return null;
    } catch (error) {
      if (!end.signal.aborted) log.warn({ uri: source.uri, error }, 'keys of issuer not stored, retrying');
      return 'The operator cannot store the keys. See its log.';
    }
  }

  #log({ source: { uri }, problem: before }: Followed, problem: string | null, fetched: FetchOutcome): void {
    const { log } = this.#options;
    if (problem === before) return;
    const detail = fetched.type === 'failed' ? fetched.detail : `${Buffer.byteLength(fetched.text)} bytes`;
    if (problem === null) log.info({ uri }, 'keys of issuer fetched again');
    else log.warn({ uri, problem, detail }, 'keys of issuer not fetched, retrying');
  }

  #report(): void {
    const reports = this.#sources.flatMap(({ id }) => this.#followed.get(id) ?? []).map(reportOf);
    this.#options.onReports(reports);
  }
}

type Taken = KeySet & Pick<StoredKeys, 'endpoints'>;

function take(followed: Followed, { keys, problems, endpoints }: Taken, now: number): void {
  const isSame = isSameValue(followed.keys?.keys, keys);
  const sinceMs = isSame ? (followed.keys?.sinceMs ?? now) : now;
  followed.keys = { keys, sinceMs, fetchedMs: now, endpoints };
  followed.notes = problems.slice(0, 5);
}

function problemOf(fetched: FetchOutcome, set: KeySet | null): string | null {
  if (fetched.type === 'failed') return fetched.problem;
  if (set === null || set.keys.length > 0) return null;
  return `Its answer cannot be used. ${set.problems.slice(0, 5).join(' ')}`;
}

function isStored({ keys, fetchedMs, endpoints }: StoredKeys, stored: StoredKeys | undefined): boolean {
  if (stored === undefined || fetchedMs - stored.fetchedMs > storeTimeMs) return false;
  return isSameValue([keys, endpoints], [stored.keys, stored.endpoints]);
}

function reportOf({ source, from, keys, notes, problem, isNews }: Followed): KeyReport {
  return {
    providers: source.providers,
    from,
    keys: keys === null ? null : fetchedKeys(keys),
    notes,
    problem: isNews ? problem : null,
  };
}

function fetchedKeys({ keys, sinceMs, fetchedMs }: StoredKeys): FetchedKeys {
  return { count: keys.length, sinceMs, fetchedMs };
}
