// Reads an ExportMetricsServiceRequest of OTLP by hand, as far as it is about our own counters: a thousand sidecars send one every ten
// seconds. Pure. @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
import protobuf from 'protobufjs/minimal.js';
import { unpack } from '../values/packed-tags.ts';
import { durationBounds, statsPrefix } from '../values/sidecar-names.ts';
import { metrics, type Metric, noTags, type Point, tagNames, type Tags } from './point.ts';

/** left: fields that may be read yet. */
type Reader = protobuf.Reader & { left: number };

export interface Report {
  readonly points: readonly Point[];
  /** Points of ours that cannot be right: without a count, with one that no sidecar reaches, with other buckets, with a tag that is too long. */
  readonly refused: number;
}

/** Of a tag. A SPIFFE ID or the name of a cluster takes a few hundred. */
const mostTagCharacters = 1_024;
/** Of several that are reported as one. */
const mostPackedCharacters = 4 * mostTagCharacters;
/** They get into statuses and logs: a sidecar that somebody has taken over must not write lines of its own there. */
const printable = /^[ -~]*$/;
/** Envoy sends at most 1,000 at a time (infra/telemetry.ts). */
const mostPoints = 10_000;

/** Of a report: a thousand points have 60,000. A sidecar that was taken over could send 500,000 that are empty. */
const mostFields = 150_000;

/** Requests and connections that one sidecar counts in ten seconds. */
const mostEvents = 2 ** 32;
/** Bytes, and milliseconds of all requests together: beyond it, one more is no more. */
const mostSum = Number.MAX_SAFE_INTEGER;

const lengthDelimited = 2;
const fixed64 = 1;
const tagOf = (field: number, wire = lengthDelimited): number => (field << 3) | wire;

const request = { resourceMetrics: tagOf(1), scopeMetrics: tagOf(2), metrics: tagOf(2) } as const;
const metricTags = { name: tagOf(1), sum: tagOf(7), histogram: tagOf(9) } as const;
const dataPoints = tagOf(1);
const number = { attributes: tagOf(7), double: tagOf(4, fixed64), int: tagOf(6, fixed64) } as const;
const histogram = {
  attributes: tagOf(9),
  count: tagOf(4, fixed64),
  sum: tagOf(5, fixed64),
  buckets: tagOf(6),
} as const;
const keyValue = { key: tagOf(1), value: tagOf(2) } as const;
const anyValue = { string: tagOf(1) } as const;

const known: ReadonlyMap<string, Metric> = new Map(metrics.map((it) => [`${statsPrefix}.${it}`, it]));

/** @throws Error when the bytes are no such request, or one of more fields than any sidecar sends */
export function readReport(bytes: Uint8Array): Report {
  const points: Point[] = [];
  let refused = 0;
  const take = (point: Point | null): void => {
    if (point === null || points.length >= mostPoints) refused += 1;
    else if (point.count > 0) points.push(point);
  };
  const reader = Object.assign(protobuf.Reader.create(bytes), { left: mostFields });
  within(reader, reader.len, {
    [request.resourceMetrics]: () =>
      message(reader, {
        [request.scopeMetrics]: () => message(reader, { [request.metrics]: () => readMetric(reader, take) }),
      }),
  });
  return { points, refused };
}

function readMetric(reader: Reader, take: (point: Point | null) => void): void {
  let metric: Metric | undefined;
  const read: (() => Point | null)[] = [];
  const later = (readPoint: (reader: Reader, metric: Metric) => Point | null): void =>
    message(reader, {
      [dataPoints]: () => {
        const at = reader.pos;
        reader.skipType(lengthDelimited);
        const end = reader.pos;
        read.push(() => {
          const back = reader.pos;
          reader.pos = at;
          const point = metric === undefined ? null : readPoint(reader, metric);
          if (reader.pos !== end) throw new Error('a data point ends outside of its message');
          reader.pos = back;
          return point;
        });
      },
    });
  message(reader, {
    [metricTags.name]: () => (metric = known.get(reader.string())),
    [metricTags.sum]: () => later(readNumber),
    [metricTags.histogram]: () => later(readHistogram),
  });
  // The name may come last. What is not ours is not read.
  if (metric !== undefined) for (const point of read) take(point());
}

function readNumber(reader: Reader, metric: Metric): Point | null {
  const tags = new TagsReader();
  let count = Number.NaN;
  message(reader, {
    [number.attributes]: () => tags.read(reader),
    [number.double]: () => (count = reader.double()),
    [number.int]: () => (count = toNumber(reader.sfixed64())),
  });
  const isRight = isCount(count, mostOf(metric)) && !metric.endsWith('.duration');
  return isRight && tags.areRight ? { metric, tags: tags.tags, count, buckets: null } : null;
}

function readHistogram(reader: Reader, metric: Metric): Point | null {
  const tags = new TagsReader();
  let count = Number.NaN;
  let sum = 0;
  let buckets: number[] = [];
  message(reader, {
    [histogram.attributes]: () => tags.read(reader),
    [histogram.count]: () => (count = toNumber(reader.fixed64())),
    [histogram.sum]: () => (sum = reader.double()),
    [histogram.buckets]: () => (buckets = readPacked(reader)),
  });
  const isCounted = [count, ...buckets].every((it) => isCount(it, mostEvents));
  const isRight = isCounted && sum >= 0 && sum <= mostSum && metric.endsWith('.duration');
  const hasBuckets = buckets.length === durationBounds.length + 1;
  return isRight && hasBuckets && tags.areRight ? { metric, tags: tags.tags, count, buckets, sum } : null;
}

function mostOf(metric: Metric): number {
  return metric.endsWith('_bytes') ? mostSum : mostEvents;
}

/** What no sidecar counts would spoil the sums of all. */
function isCount(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}

function readPacked(reader: Reader): number[] {
  const end = reader.uint32() + reader.pos;
  const values: number[] = [];
  while (reader.pos < end && values.length < 1_000) values.push(toNumber(reader.fixed64()));
  if (reader.pos !== end) throw new Error('a list of buckets is too long');
  return values;
}

class TagsReader {
  readonly tags: Record<keyof Tags, string> = { ...noTags };
  areRight = true;

  read(reader: Reader): void {
    let [key, value] = ['', ''];
    message(reader, {
      [keyValue.key]: () => (key = reader.string()),
      [keyValue.value]: () => message(reader, { [anyValue.string]: () => (value = reader.string()) }),
    });
    const tags = value.length > mostPackedCharacters ? null : unpack(key, value);
    if (tags === null) this.areRight = false;
    else for (const [name, text] of tags) this.#take(name, tags.length === 1 ? text : copyOf(text));
  }

  #take(name: string, value: string): void {
    const tag = tagNames.find((it) => it === name);
    if (tag === undefined) return;
    if (value.length > mostTagCharacters || !printable.test(value)) this.areRight = false;
    // As Envoy writes what it does not know.
    else this.tags[tag] = value === '-' ? '' : value;
  }
}

/** Of a part of a text: as it is, it would keep the whole text for as long as it is kept, an hour. */
function copyOf(part: string): string {
  return Buffer.from(part).toString();
}

type Fields = Readonly<Record<number, () => unknown>>;

/** A message within a message, from its length on. */
function message(reader: Reader, fields: Fields): void {
  const end = reader.uint32() + reader.pos;
  if (end > reader.len) throw new Error('the bytes end within a message');
  within(reader, end, fields);
}

function within(reader: Reader, end: number, fields: Fields): void {
  while (reader.pos < end) {
    reader.left -= 1;
    if (reader.left < 0) throw new Error(`more than ${mostFields} fields`);
    const tag = reader.uint32();
    const read = fields[tag];
    if (read === undefined) reader.skipType(tag & 7);
    else read();
  }
  if (reader.pos !== end) throw new Error('a field ends outside of its message');
}

/** Exact up to 2^53. */
function toNumber(value: ReturnType<Reader['fixed64']>): number {
  return typeof value === 'number' ? value : value.high * 2 ** 32 + (value.low >>> 0);
}
