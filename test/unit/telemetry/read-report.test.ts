// Reports of sidecars: ours are read, others are passed over, and what cannot be right is left out.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import { assert, nat, property } from 'fast-check';
import protobuf from 'protobufjs/minimal.js';
import { readReport } from '../../../operator/telemetry/read-report.ts';
import { otlpReport } from '../../support/telemetry/otlp.ts';
import { noTags, tagNames } from '../../../operator/telemetry/point.ts';

const buckets = [0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

test('counters and durations with their tags; - is nothing', () => {
  const bytes = otlpReport([
    {
      name: 'meshwright.inbound.requests',
      tags: { source: 'a', port: '80', code: '503', flags: '-' },
      count: 7,
    },
    { name: 'meshwright.outbound.duration', tags: { destination: 'b' }, buckets },
  ]);

  expect(readReport(bytes)).toEqual({
    points: [
      {
        metric: 'inbound.requests',
        tags: { ...noTags, source: 'a', port: '80', code: '503' },
        count: 7,
        buckets: null,
      },
      { metric: 'outbound.duration', tags: { ...noTags, destination: 'b' }, count: 3, buckets, sum: 0 },
    ],
    refused: 0,
  });
});

test('tags that are reported as one', () => {
  const tags = { 'source|port|code|flags|grpc': 'spiffe://a|80|200|-|', peer: 'b' };
  const bytes = otlpReport([{ name: 'meshwright.inbound.requests', tags, count: 7 }]);

  expect(readReport(bytes).points).toEqual([
    {
      metric: 'inbound.requests',
      tags: { ...noTags, source: 'spiffe://a', port: '80', code: '200', peer: 'b' },
      count: 7,
      buckets: null,
    },
  ]);
});

test('a tag that is kept does not keep what was reported beside it', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const kept: string[] = [];
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < 5000; index += 1) {
    const tags = { 'source|x': `spiffe://a/ns/shop/sa/account-${index}|${'x'.repeat(4000)}` };
    const { points } = readReport(otlpReport([{ name: 'meshwright.inbound.requests', tags, count: 1 }]));
    kept.push(points[0]?.tags.source ?? '');
  }
  collect();

  expect(kept.at(-1)).toBe('spiffe://a/ns/shop/sa/account-4999');
  // The texts beside them have 20 MB.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10 * 2 ** 20);
});

test('bytes of a connection that was open for years', () => {
  const bytes = otlpReport([{ name: 'meshwright.inbound.sent_bytes', count: 2 ** 50 }]);
  expect(readReport(bytes).points).toMatchObject([{ count: 2 ** 50 }]);
});

test.each([
  ['a metric of somebody else', { name: 'server.uptime', count: 1 }, 0],
  ['a metric that only begins like ours', { name: 'meshwright.inbound.requests2', count: 1 }, 0],
  ['nothing counted', { name: 'meshwright.inbound.requests', count: 0 }, 0],
  ['less than nothing', { name: 'meshwright.inbound.requests', count: -1 }, 1],
  ['more requests than anybody makes', { name: 'meshwright.inbound.requests', count: 2 ** 33 }, 1],
  ['more bytes than are counted one by one', { name: 'meshwright.inbound.sent_bytes', count: 2 ** 54 }, 1],
  ['a part of a request', { name: 'meshwright.inbound.requests', double: 0.5 }, 1],
  ['no number of requests', { name: 'meshwright.inbound.requests', double: Number.NaN }, 1],
  ['endless bytes', { name: 'meshwright.inbound.sent_bytes', double: Infinity }, 1],
  ['a huge number of bytes', { name: 'meshwright.inbound.sent_bytes', double: 1e300 }, 1],
  [
    'a bucket with more than anybody makes',
    { name: 'meshwright.inbound.duration', buckets: buckets.with(0, 2 ** 40) },
    1,
  ],
  ['an endless sum', { name: 'meshwright.inbound.duration', buckets, sum: Infinity }, 1],
  ['a sum below nothing', { name: 'meshwright.inbound.duration', buckets, sum: -1 }, 1],
  ['durations without buckets', { name: 'meshwright.inbound.duration', count: 1 }, 1],
  ['other buckets than ours', { name: 'meshwright.inbound.duration', buckets: [1, 2] }, 1],
  ['buckets of a counter', { name: 'meshwright.inbound.requests', buckets }, 1],
  ['a tag of several lines', { name: 'meshwright.inbound.requests', count: 1, tags: { source: 'a\nb' } }, 1],
  [
    'fewer values than names of tags',
    { name: 'meshwright.inbound.requests', count: 1, tags: { 'source|code': 'a' } },
    1,
  ],
  [
    'a megabyte beside a tag',
    {
      name: 'meshwright.inbound.requests',
      count: 1,
      tags: { 'source|x': `spiffe://a|${'a'.repeat(1_000_000)}` },
    },
    1,
  ],
  [
    'a tag of a megabyte',
    { name: 'meshwright.inbound.requests', count: 1, tags: { source: 'a'.repeat(1_000_000) } },
    1,
  ],
])('%s is left out', (_what, metric, refused) => {
  expect(readReport(otlpReport([metric]))).toEqual({ points: [], refused });
});

test('a name that comes after the points', () => {
  const bytes = otlpReport([{ name: 'meshwright.inbound.requests', count: 5 }]);
  // request > resource metrics > scope metrics > metric: the head of each is two bytes.
  const inner = bytes.subarray(6);
  const nameLength = 2 + 'meshwright.inbound.requests'.length;
  const turned = Buffer.concat([
    bytes.subarray(0, 6),
    inner.subarray(nameLength),
    inner.subarray(0, nameLength),
  ]);

  expect(turned.equals(bytes)).toBe(false);
  expect(readReport(turned)).toEqual(readReport(bytes));
  expect(readReport(turned).points).toHaveLength(1);
});

test('a thousand points with all tags are read; ever more fields, on whatever level they are, are not', () => {
  const name = 'meshwright.inbound.duration';
  const tags = Object.fromEntries(tagNames.map((tag) => [tag, 'x']));
  const full = otlpReport(Array.from({ length: 1_000 }, () => ({ name, tags, buckets })));
  const empty = (tag: number): Buffer => Buffer.alloc(400_000, Buffer.from([tag, 0]));
  const within = (...levels: readonly number[]): Buffer =>
    levels.reduceRight<Buffer>((bytes, tag) => {
      return Buffer.from(protobuf.Writer.create().uint32(tag).bytes(bytes).finish());
    }, empty(10));

  expect(readReport(full).points).toHaveLength(1_000);
  for (const levels of [[], [10], [10, 18], [10, 18, 18, 58], [10, 18, 18, 74]])
    expect(() => readReport(within(...levels))).toThrow('more than 150000 fields');
});

test('any bytes are a report or an error, cut or changed', () => {
  const whole = otlpReport([
    { name: 'meshwright.inbound.requests', tags: { source: 'a' }, count: 7 },
    { name: 'meshwright.inbound.duration', tags: { source: 'a' }, buckets },
  ]);
  assert(
    property(nat(whole.length - 1), nat(255), nat(whole.length), (at, byte, length) => {
      const changed = Buffer.from(whole.subarray(0, length));
      if (at < length) changed[at] = byte;
      expect(countsIn(changed).filter((count) => !(count > 0))).toEqual([]);
    }),
  );
});

/** None of what is no report. */
function countsIn(bytes: Buffer): number[] {
  try {
    return readReport(bytes).points.map(({ count }) => count);
  } catch (error) {
    if (error instanceof Error) return [];
    throw error;
  }
}
