// Protobuf as it is read: bytes made by protobufjs, and bytes that nobody should send.
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import protobuf from 'protobufjs';
import { ByteReader } from '../../../../../operator/platform/kubernetes/protobuf/byte-reader.ts';
import {
  anyInteger,
  anyText,
  integer,
  many,
  numberOrText,
  one,
  shared,
  text,
  textMap,
  texts,
  time,
  within,
} from '../../../../../operator/platform/kubernetes/protobuf/fields.ts';
import { message } from '../../../../../operator/platform/kubernetes/protobuf/message.ts';
import { readList } from '../../../../../operator/platform/kubernetes/protobuf/list.ts';

const { root } = protobuf.parse(`
  syntax = "proto2";
  message Part { optional string name = 1; optional int64 count = 2; }
  message Time { optional int64 seconds = 1; optional int32 nanos = 2; }
  message IntOrString { optional int64 type = 1; optional int32 intVal = 2; optional string strVal = 3; }
  message Handler { optional Part part = 2; }
  message Whole {
    optional string name = 1;
    optional double unread = 2;
    repeated string list = 3;
    map<string, string> labels = 11;
    repeated Part parts = 12;
    optional Time at = 13;
    optional IntOrString port = 14;
    optional fixed32 alsoUnread = 15;
    optional Handler handler = 16;
    optional Part unreadPart = 2000;
  }`);
const Whole = root.lookupType('Whole');

interface Part {
  readonly name: string;
  readonly count: number;
}
const part = message<Part>({ name: anyText(1), count: anyInteger(2) });
const read = message<{
  readonly name?: string;
  readonly list?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly parts?: readonly Part[];
  readonly at?: string;
  readonly port?: string | number;
  readonly part?: Part;
}>({
  name: text(1),
  list: texts(3),
  labels: textMap(11, 'passed/over'),
  parts: shared(many(12, part)),
  at: time(13),
  port: numberOrText(14),
  ...within(16, { part: one(2, part) }),
});

function encoded(whole: object): Buffer {
  return Buffer.from(Whole.encode(Whole.fromObject(whole)).finish());
}

function readAll(bytes: Buffer): unknown {
  return read(new ByteReader(bytes), bytes.length);
}

const aPart = fc.record({ name: fc.string({ unit: 'binary' }), count: fc.integer() });
const wholes = fc.record({
  name: fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' }),
  list: fc.array(fc.string(), { minLength: 1 }),
  labels: fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), fc.string({ unit: 'grapheme' }), { minKeys: 1 }),
  parts: fc.array(aPart, { minLength: 1 }),
  part: aPart,
});

test('reads what was written, and passes over the rest', () => {
  fc.assert(
    fc.property(wholes, ({ part: inner, ...rest }) => {
      const unread = { unread: 1.5, alsoUnread: 7, unreadPart: { name: 'x', count: 1 } };
      const bytes = encoded({ ...rest, handler: { part: inner }, ...unread });

      expect(readAll(bytes)).toEqual({ ...rest, part: inner });
      // Again, when what is remembered is used.
      expect(readAll(bytes)).toEqual({ ...rest, part: inner });
    }),
  );
});

test('bytes that end too early are refused, and so is what is no protobuf', () => {
  const bytes = encoded({ name: 'reviews', labels: { app: 'reviews' }, parts: [{ name: 'a', count: 300 }] });
  const cuts = Array.from({ length: bytes.length }, (_, length) => bytes.subarray(0, length));
  const outcomes = cuts.map((cut) => {
    try {
      return JSON.stringify(readAll(cut));
    } catch (error) {
      return error instanceof Error ? error.message : error;
    }
  });

  expect(new Set(outcomes)).toEqual(
    new Set([
      '{}',
      '{"name":"reviews"}',
      '{"name":"reviews","labels":{"app":"reviews"}}',
      'the bytes end in the middle of a field',
    ]),
  );
  expect(() => readAll(Buffer.from([0x2b]))).toThrow('wire type 3');
  expect(() => readAll(Buffer.alloc(12, 0xff))).toThrow('a number of more than ten bytes');
  expect(() => readList('Mesh', Buffer.from('k8s\0'))).toThrow('sent Mesh as protobuf');
});

test('equal labels, texts and parts are one value', () => {
  const object = {
    name: 'reviews',
    labels: { app: 'reviews', version: 'v1' },
    parts: [
      { name: 'a', count: 1 },
      { name: 'b', count: 2 },
    ],
  };
  const [a, b] = [readAll(encoded(object)), readAll(encoded({ ...object, name: 'ratings' }))] as [
    typeof object,
    typeof object,
  ];

  expect([a.labels === b.labels, a.parts === b.parts, a.name, b.name]).toEqual([
    true,
    true,
    'reviews',
    'ratings',
  ]);
});

test.each([
  ['a time', { at: { seconds: 1_767_323_045, nanos: 5 } }, { at: '2026-01-02T03:04:05Z' }],
  ['no time', { at: {} }, {}],
  ['a number', { port: { type: 0, intVal: 8080, strVal: 'x' } }, { port: 8080 }],
  ['a name', { port: { type: 1, intVal: 1, strVal: 'http' } }, { port: 'http' }],
  ['a negative number', { parts: [{ name: '', count: -1 }] }, { parts: [{ name: '', count: -1 }] }],
  [
    'a key that is passed over',
    { labels: { 'passed/over': 'x'.repeat(2000), a: 'b' } },
    { labels: { a: 'b' } },
  ],
  [
    'a key of an object',
    { labels: { __proto__x: 'x', constructor: 'y' } },
    { labels: { __proto__x: 'x', constructor: 'y' } },
  ],
])('%s', (_name, written, expected) => {
  expect(readAll(encoded(written))).toEqual(expected);
});

test('0 is left out only where JSON leaves it out', () => {
  const bytes = Buffer.from([8, 0]);
  const reads = [integer(1), anyInteger(1)].map((field) => message<{ readonly a?: number }>({ a: field }));

  expect(reads.map((readOne) => readOne(new ByteReader(bytes), 2))).toEqual([{}, { a: 0 }]);
});
