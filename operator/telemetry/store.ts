// What sidecars counted in the last hour: a series for each reporter, metric and set of tags, within bounds that nobody who calls can
// exceed. Pure: the time is an argument, in milliseconds that only grow.
import { durationBounds } from '../values/sidecar-names.ts';
import { isPlaintext, type Metric, other, otherAddresses, type Point, tagNames, type Tags } from './point.ts';
import { hourMs, Ring } from './ring.ts';

export interface Bounds {
  /** Of all series, in bytes. Default: 100 MB. */
  readonly bytes: number;
  /** A fifth of all is for reporters that have no more than so many bytes. Default: 20 kB, about ten series. */
  readonly reserved: number;
  /** Series of one reporter. Default: 1,000. */
  readonly perReporter: number;
  /** Addresses without an identity that one reporter is called from. Default: 100. */
  readonly addressesPerReporter: number;
}

const defaults: Bounds = {
  bytes: 100_000_000,
  reserved: 20_000,
  perReporter: 1_000,
  addressesPerReporter: 100,
};

export interface Series {
  /** Key of the workload whose sidecar counted. */
  readonly reporter: string;
  readonly metric: Metric;
  readonly tags: Tags;
  readonly ring: Ring;
}

interface Reporter {
  readonly series: Map<string, Series>;
  /** Address → how many series have it. */
  readonly addresses: Map<string, number>;
  /** Of series that are called `other`. */
  readonly foldedPorts: Set<string>;
  lastMs: number;
  /** Of its series. */
  bytes: number;
}

/** Objects around a ring, roughly. */
const overheadBytes = 550;
/** The tags of a series are kept as they are, and in its key. */
const timesKept = 2;
/** Ports of one reporter that are told apart when there is no more room for other tags. */
const mostFoldedPorts = 100;
const sweptEveryMs = 60_000;
/** Counts of requests and connections are kept by such slots, in milliseconds. */
export const countSlotMs = 10_000;
const durationSlotMs = 300_000;

export class TrafficStore {
  readonly #bounds: Bounds;
  readonly #reporters = new Map<string, Reporter>();
  #bytes = 0;
  #folded = 0;
  #sweptMs = 0;

  constructor(bounds: Partial<Bounds> = {}) {
    this.#bounds = { ...defaults, ...bounds };
  }

  /** How many series there are, what they take in memory, and how many points went to series called `other` for want of room. */
  get size(): { readonly series: number; readonly bytes: number; readonly folded: number } {
    const series = [...this.#reporters.values()].reduce((sum, it) => sum + it.series.size, 0);
    return { series, bytes: this.#bytes, folded: this.#folded };
  }

  add(reporter: string, points: readonly Point[], nowMs: number): void {
    this.#sweep(nowMs);
    const known = this.#reporters.get(reporter) ?? newReporter();
    this.#reporters.set(reporter, known);
    known.lastMs = nowMs;
    for (const point of points) {
      if (!isStored(point.metric)) continue;
      const { ring } = this.#seriesOf(reporter, known, { ...point, tags: storedTags(point.tags) });
      ring.add(point.buckets ?? [point.count], nowMs);
    }
  }

  /** Those of one reporter, or of all. */
  *series(reporter?: string): Generator<Series> {
    for (const [key, known] of this.#reporters)
      if (reporter === undefined || reporter === key) yield* known.series.values();
  }

  /** When that sidecar reported last; null: not in the last hour. */
  lastReportMs(reporter: string): number | null {
    return this.#reporters.get(reporter)?.lastMs ?? null;
  }

  #seriesOf(reporter: string, known: Reporter, { metric, tags }: Point): Series {
    const key = keyOf(metric, tags);
    const found = known.series.get(key);
    if (found !== undefined) return found;
    if (this.#hasRoom(known, metric, tags)) return this.#create(reporter, known, { key, metric, tags });
    this.#folded += 1;
    return this.#foldedSeries(reporter, known, { metric, tags: foldedTags(tags) });
  }

  #foldedSeries(reporter: string, known: Reporter, { metric, tags }: Pick<Point, 'metric' | 'tags'>): Series {
    const key = keyOf(metric, tags);
    const found = known.series.get(key);
    if (found !== undefined) return found;
    // Without ports, they are a few for each metric: they always have room.
    const { foldedPorts } = known;
    const isFull =
      !this.#hasBytes(known, bytesOf(metric, tags)) ||
      (foldedPorts.size >= mostFoldedPorts && !foldedPorts.has(tags.port));
    if (isFull && tags.port !== '' && tags.port !== other)
      return this.#foldedSeries(reporter, known, { metric, tags: { ...tags, port: other } });
    foldedPorts.add(tags.port);
    return this.#create(reporter, known, { key, metric, tags });
  }

  #hasRoom(known: Reporter, metric: Metric, tags: Tags): boolean {
    const { source } = tags;
    const { series, addresses } = known;
    if (series.size >= this.#bounds.perReporter || !this.#hasBytes(known, bytesOf(metric, tags)))
      return false;
    return (
      !isPlaintext(source) || addresses.has(source) || addresses.size < this.#bounds.addressesPerReporter
    );
  }

  /** Whoever fills the memory leaves something to each of the others. */
  #hasBytes({ bytes }: Reporter, more: number): boolean {
    const kept = bytes + more > this.#bounds.reserved ? this.#bounds.bytes / 5 : 0;
    return this.#bytes + more <= this.#bounds.bytes - kept;
  }

  #create(
    reporter: string,
    known: Reporter,
    { key, metric, tags }: { readonly key: string; readonly metric: Metric; readonly tags: Tags },
  ): Series {
    const series = { reporter, metric, tags, ring: ringOf(metric) };
    known.series.set(key, series);
    if (isPlaintext(tags.source) && tags.source !== otherAddresses)
      known.addresses.set(tags.source, (known.addresses.get(tags.source) ?? 0) + 1);
    const bytes = bytesOf(metric, tags);
    this.#bytes += bytes;
    known.bytes += bytes;
    return series;
  }

  /** Forgets what has not been counted for an hour. */
  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < sweptEveryMs) return;
    this.#sweptMs = nowMs;
    for (const [name, known] of this.#reporters) {
      for (const [key, series] of known.series)
        if (nowMs - series.ring.lastMs > hourMs) this.#forget(known, key, series);
      if (nowMs - known.lastMs > hourMs) this.#reporters.delete(name);
    }
  }

  #forget(known: Reporter, key: string, { metric, tags }: Series): void {
    const { source } = tags;
    known.series.delete(key);
    const bytes = bytesOf(metric, tags);
    this.#bytes -= bytes;
    known.bytes -= bytes;
    const left = (known.addresses.get(source) ?? 0) - 1;
    if (left > 0) known.addresses.set(source, left);
    else known.addresses.delete(source);
  }
}

/** What callers count, and bytes of requests, are for Prometheus only: they would take twice the memory. */
export function isStored(metric: Metric): boolean {
  if (metric.startsWith('outbound.')) return metric === 'outbound.hosts';
  return metric !== 'inbound.request_bytes' && metric !== 'inbound.response_bytes';
}

/** Codes by class: each more costs memory for an hour. */
function storedTags(tags: Tags): Tags {
  const code = /^[1-5]\d\d$/.test(tags.code) ? `${tags.code.charAt(0)}xx` : tags.code;
  return { ...tags, code, grpc: '', peer: '' };
}

function newReporter(): Reporter {
  return { series: new Map(), addresses: new Map(), foldedPorts: new Set(), lastMs: 0, bytes: 0 };
}

/** What stays known of what is put together: the port, and whether callers had an identity. */
function foldedTags(tags: Tags): Tags {
  const names = tagNames.map((name) => [name, tags[name] === '' ? '' : other] as const);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.fromEntries forgets which names there are
  const folded = Object.fromEntries(names) as Tags;
  const source = isPlaintext(tags.source) ? otherAddresses : folded.source;
  return { ...folded, source, port: tags.port };
}

function keyOf(metric: Metric, tags: Tags): string {
  return [metric, ...tagNames.map((name) => tags[name])].join('\u0000');
}

function ringOf(metric: Metric): Ring {
  if (metric.endsWith('.duration'))
    return new Ring({ slotMs: durationSlotMs, width: durationBounds.length + 1 });
  return new Ring({ slotMs: countSlotMs, isLarge: metric.endsWith('_bytes') });
}

const ringBytes = new Map<Metric, number>();

function bytesOf(metric: Metric, tags: Tags): number {
  const known = ringBytes.get(metric) ?? ringOf(metric).bytes;
  ringBytes.set(metric, known);
  let characters = 0;
  for (const name of tagNames) characters += tags[name].length;
  return overheadBytes + known + timesKept * characters;
}
