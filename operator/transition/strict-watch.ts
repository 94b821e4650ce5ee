// Decides when ports become Strict, and back, while this operator leads; what it decides is stored, and comes back among the resources of
// all operators. Entry: StrictWatch.
import type { StrictReport } from '../conditions/strict-report.ts';
import type { MtlsPlaceIr } from '../ir/mtls-place.ts';
import type { ConfigMapPort } from '../ports/config-map-port.ts';
import type { Clock } from '../process/clock.ts';
import type { Log } from '../process/log.ts';
import { append } from '../values/labels.ts';
import { type Memory, type SeenCaller, step, type Waiting } from './step.ts';
import {
  isSameStored,
  othersKey,
  placeKey,
  placesData,
  placesName,
  storedAt,
  type StoredPlace,
  type StoredPlaces,
  withMarks,
} from './stored-places.ts';
import { type PlaceObservations, seenAt } from './watched-ports.ts';

export interface StrictWatchOptions {
  readonly configMaps: ConfigMapPort;
  readonly observations: () => PlaceObservations;
  /** `Pod shop/legacy-1 (10.0.0.7)` */
  readonly nameOf: (address: string) => string;
  readonly clock: Clock;
  readonly log: Log;
  /** Something of one of them has changed. None while this operator does not lead. */
  readonly onReports: (reports: readonly StrictReport[]) => void;
}

const lookEveryMs = 2_000;
/** A status is written when who calls changes; how often they did is told so often. */
const countsEveryMs = 30_000;
/** An owner whose pods are all replaced has none for a while. */
const absentMs = 300_000;

export class StrictWatch {
  readonly #options: StrictWatchOptions;
  #places: readonly MtlsPlaceIr[] = [];
  #stored: ReadonlyMap<string, StoredPlaces> = new Map();
  readonly #memories = new Map<string, Memory>();
  readonly #absentSince = new Map<string, number>();
  #isLeading = false;
  #cancel: (() => void) | null = null;
  #work: Promise<void> = Promise.resolve();
  #told = { shape: '[]', atMs: 0 };

  constructor(options: StrictWatchOptions) {
    this.#options = options;
  }

  /** stored: by namespace. */
  set(places: readonly MtlsPlaceIr[], stored: ReadonlyMap<string, StoredPlaces>): void {
    // A mesh of thousands of pods has as many places, and most changes are none of them.
    if (places === this.#places && stored === this.#stored) return;
    this.#places = places;
    this.#stored = stored;
    if (this.#isLeading) this.#look();
  }

  onStartedLeading(): void {
    this.#isLeading = true;
    this.#look();
  }

  async onStoppedLeading(): Promise<void> {
    this.#isLeading = false;
    this.#cancel?.();
    this.#memories.clear();
    this.#absentSince.clear();
    await this.#work;
    this.#tell([]);
  }

  /** One after the other. */
  #look(): void {
    this.#cancel?.();
    this.#work = this.#work.then(async () => (this.#isLeading ? this.#lookNow() : undefined));
  }

  async #lookNow(): Promise<void> {
    const { clock } = this.#options;
    const nowMs = clock.now();
    const next = new Map<string, Map<string, StoredPlace>>();
    const wanted = new Map<string, MtlsPlaceIr[]>();
    const reports: StrictReport[] = [];
    let isWaiting = false;
    for (const place of this.#places) {
      const { stored, waiting } = this.#step(place, nowMs);
      // For quiet, or for the end of the time in which it may step back.
      isWaiting ||= place.wish === 'Strict' && stored !== null;
      if (stored !== null) placesOf(next, place.namespace).set(placeKey(place.owner, place.port), stored);
      if (waiting !== null) reports.push(this.#reportOf(place, waiting));
      if (place.wish !== 'Open') append(wanted, place.namespace, place);
    }
    this.#keepAbsent(next, nowMs);
    const marked = new Map(
      [...next].map(([namespace, places]) => [namespace, withMarks(places, wanted.get(namespace) ?? [])]),
    );
    this.#tell(reports);
    const isStored = await this.#store(marked);
    if (!this.#isLeading) return;
    this.#cancel?.();
    if (isWaiting || !isStored || this.#absentSince.size > 0)
      this.#cancel = clock.after(lookEveryMs, () => this.#look());
  }

  #step(place: MtlsPlaceIr, nowMs: number): { stored: StoredPlace | null; waiting: Waiting | null } {
    const key = nameOfPlace(place);
    const stored = storedAt(this.#stored.get(place.namespace) ?? nothingStored, place);
    const isAsked = place.wish === 'Strict' && stored !== null;
    const seen = isAsked ? seenAt(place, this.#options.observations()) : nothingSeen;
    const memory = this.#memories.get(key) ?? null;
    const made = step(place, { stored, memory }, seen, nowMs);
    if (made.memory === null) this.#memories.delete(key);
    else this.#memories.set(key, made.memory);
    if (isAsked && made.stored?.strictSinceMs !== stored.strictSinceMs)
      this.#options.log.info({ place: key, stored: made.stored, waiting: made.waiting }, 'mutual TLS mode');
    return made;
  }

  /** Places without workloads, for a while. */
  #keepAbsent(next: Map<string, Map<string, StoredPlace>>, nowMs: number): void {
    const absent = new Set<string>();
    const present = new Set(this.#places.map(nameOfPlace));
    for (const [namespace, places] of this.#stored)
      for (const [key, stored] of places) {
        const name = `${namespace}/${key}`;
        const kept = next.get(namespace);
        if (kept?.has(key) === true || present.has(name)) continue;
        // Its owner is there, and the ports that no Service names are Strict for good.
        const others = othersKey(key);
        const hasStrictOthers = present.has(`${namespace}/${others}`) && !kept?.has(others);
        // Of a port that is gone from an owner that is there, it matters that it was open, or is not as open as the others.
        if (stored.strictSinceMs !== null && hasStrictOthers) continue;
        absent.add(name);
        const sinceMs = this.#absentSince.get(name) ?? nowMs;
        this.#absentSince.set(name, sinceMs);
        if (nowMs - sinceMs < absentMs) placesOf(next, namespace).set(key, stored);
      }
    this.#forgetPresent(absent);
  }

  #forgetPresent(absent: ReadonlySet<string>): void {
    for (const name of this.#absentSince.keys()) if (!absent.has(name)) this.#absentSince.delete(name);
  }

  /** Whether all is stored. */
  async #store(next: ReadonlyMap<string, StoredPlaces>): Promise<boolean> {
    const { configMaps, log } = this.#options;
    let isStored = true;
    for (const namespace of new Set([...next.keys(), ...this.#stored.keys()])) {
      const places = next.get(namespace) ?? new Map<string, StoredPlace>();
      const before = this.#stored.get(namespace);
      if (before !== undefined && isSameStored(before, places)) continue;
      if (!this.#isLeading) return false;
      try {
        // oxlint-disable-next-line no-await-in-loop -- a few, one after the other
        await (places.size === 0
          ? configMaps.remove(placesName(namespace))
          : configMaps.write(placesName(namespace), placesData(places)));
      } catch (error) {
        isStored = false;
        log.warn({ namespace, error }, 'modes of mutual TLS not stored, retrying');
      }
    }
    return isStored;
  }

  #reportOf({ namespace, owner, port, decidedBy }: MtlsPlaceIr, waiting: Waiting): StrictReport {
    const { nameOf } = this.#options;
    const [kind = '', name = ''] = owner.split('/');
    const called = port === null ? 'A port that no Service names' : `Port ${port}`;
    const named = (callers: readonly SeenCaller[]): StrictReport['waiting']['callers'] =>
      callers.map(({ address, ...rest }) => ({ name: nameOf(address), ...rest }));
    return {
      place: `${called} of ${kind} ${namespace}/${name}`,
      decidedBy,
      waiting: { ...waiting, callers: named(waiting.callers), refused: named(waiting.refused) },
    };
  }

  #tell(reports: readonly StrictReport[]): void {
    const atMs = this.#options.clock.now();
    const shape = JSON.stringify(reports.map(shapeOf));
    if (shape === this.#told.shape && atMs - this.#told.atMs < countsEveryMs) return;
    if (shape === '[]' && this.#told.shape === '[]') return;
    this.#told = { shape, atMs };
    this.#options.onReports(reports);
  }
}

const nothingStored: StoredPlaces = new Map();
const nothingSeen = { callers: [], reporters: [] };

function nameOfPlace({ namespace, owner, port }: MtlsPlaceIr): string {
  return `${namespace}/${placeKey(owner, port)}`;
}

function placesOf(all: Map<string, Map<string, StoredPlace>>, namespace: string): Map<string, StoredPlace> {
  const places = all.get(namespace) ?? new Map<string, StoredPlace>();
  all.set(namespace, places);
  return places;
}

/** Without counts and times. */
function shapeOf({
  place,
  decidedBy,
  waiting: { callers, silent, neededMs, refused },
}: StrictReport): unknown {
  return [place, decidedBy, callers.map(({ name }) => name).toSorted(), silent, neededMs, refused.length];
}
