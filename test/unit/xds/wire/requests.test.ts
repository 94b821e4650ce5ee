// Requests as the server reads them, against the generic codec: what they say, and that nobody pays for what a client writes.
import { describe, expect, test } from '@jest/globals';
import protobuf from 'protobufjs/minimal.js';
import { MessageError } from '../../../../operator/envoy/proto/message-error.ts';
import { encodeMessage } from '../../../../operator/envoy/proto/registry.ts';
import { typeUrl } from '../../../../operator/envoy/proto/type-urls.ts';
import { readDeltaRequest } from '../../../../operator/xds/wire/read-delta-request.ts';
import { readIdentity } from '../../../../operator/xds/wire/read-identity.ts';
import { readSotwRequest } from '../../../../operator/xds/wire/read-sotw-request.ts';
import {
  discoveryTypes,
  encodeDeltaRequest,
  encodeRequest,
} from '../../../support/envoy/discovery-client.ts';

/** With what is decoded later. */
function read(bytes: Uint8Array): unknown {
  const request = readDeltaRequest(bytes);
  return { ...request, initialVersions: request.initialVersions.read() };
}

test('a delta request comes back whole', () => {
  const request = {
    nodeId: 'Pod/shop/cart',
    typeUrl: typeUrl.cluster,
    nonce: '7',
    error: { code: 13, message: 'no' },
    subscribe: ['a', 'b'],
    unsubscribe: ['c'],
    initialVersions: new Map([['a', 'v1']]),
  };

  expect(read(encodeDeltaRequest(request))).toEqual(request);
});

const longList = Array.from({ length: 200 }, (_, index) => `shop/service-${index}/80`);
const longRequest = {
  nodeId: 'Pod/shop/cart',
  typeUrl: typeUrl.cluster,
  nonce: '',
  error: null,
  subscribe: longList,
  unsubscribe: ['c'],
  initialVersions: new Map(longList.map((name, index) => [name, `v${index}`])),
};

test('a long delta request comes back whole, with a map key that is no ordinary name', () => {
  const request = {
    ...longRequest,
    initialVersions: new Map([...longRequest.initialVersions, ['__proto__', 'v']]),
  };

  expect(read(Buffer.from(encodeDeltaRequest(request)))).toEqual(request);
});

test('requests with the same long list of names share it, whatever else they say', () => {
  const [one, two, other] = [
    longRequest,
    { ...longRequest, nodeId: null, nonce: '3' },
    { ...longRequest, subscribe: [...longList.slice(1), 'shop/another/80'] },
  ].map((it) => readDeltaRequest(Buffer.from(encodeDeltaRequest(it))));

  expect(two?.subscribe).toBe(one?.subscribe);
  expect(other?.subscribe).toEqual([...longList.slice(1), 'shop/another/80']);
});

test('a long delta request that is cut off is refused, wherever it is cut', () => {
  const bytes = Buffer.from(encodeDeltaRequest({ subscribe: longList, typeUrl: typeUrl.cluster }));
  const last = Buffer.from(encodeDeltaRequest(longRequest));

  for (const cut of [bytes.subarray(0, -1), last.subarray(0, -1), Buffer.concat([bytes, Buffer.of(0x2a)])]) {
    expect(() => readDeltaRequest(cut)).toThrow(MessageError);
  }
});

test('an empty delta request has no node, no error and no names', () => {
  expect(read(Buffer.alloc(0))).toEqual({
    nodeId: null,
    typeUrl: '',
    nonce: '',
    error: null,
    subscribe: [],
    unsubscribe: [],
    initialVersions: new Map(),
  });
});

test('a refusal without a message is a refusal all the same', () => {
  const bytes = encodeMessage(discoveryTypes.deltaRequest, { error_detail: {} });

  expect(readDeltaRequest(bytes).error).toEqual({ code: 0, message: '' });
});

test('a state-of-the-world request comes back whole', () => {
  const request = {
    nodeId: 'Pod/shop/cart',
    typeUrl: typeUrl.route,
    nonce: '',
    error: { code: 13, message: 'no' },
    names: ['*', 'a'],
    versionInfo: '3',
  };

  expect(readSotwRequest(encodeRequest(request))).toEqual(request);
});

test('of a node only the id counts, whatever else it says', () => {
  const node = { id: 'a', cluster: 'c', metadata: { b: { c: [1] } }, user_agent_version: '1.40.0' };

  expect(readSotwRequest(encodeMessage(discoveryTypes.request, { node })).nodeId).toBe('a');
});

test.each(['delta', 'sotw'] as const)('%s: who asks is read alone', (variant) => {
  const encode = variant === 'delta' ? encodeDeltaRequest : encodeRequest;

  expect(readIdentity(encode({ nodeId: 'a', typeUrl: typeUrl.cluster }), variant)).toBe('a');
  expect(readIdentity(encode({ nodeId: '', typeUrl: typeUrl.cluster }), variant)).toBe('');
  expect(readIdentity(encode({ typeUrl: typeUrl.cluster }), variant)).toBeNull();
});

/** Fields of a message, one after the other, written by hand. */
function fields(...parts: readonly (readonly [number, Uint8Array | string])[]): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const [field, content] of parts)
    writer.uint32((field << 3) | 2).bytes(typeof content === 'string' ? Buffer.from(content) : content);
  return writer.finish();
}

/** Numbers of fields, and how the request is read. */
const variants = [
  ['delta', { node: 1, error: 7, name: 3, typeUrl: 2 }, readDeltaRequest],
  ['sotw', { node: 2, error: 6, name: 3, typeUrl: 4 }, readSotwRequest],
] as const;

describe.each(variants)('%s', (variant, numbers, readRequest) => {
  const text = (message: string): Uint8Array => fields([2, message]);

  test('a node and a refusal in pieces are put together: the last word counts', () => {
    const bytes = fields(
      [numbers.node, fields([1, 'first'], [2, 'cluster'])],
      [numbers.error, text('first')],
      [numbers.node, fields([1, 'last'])],
      [numbers.node, fields([2, 'cluster'])],
      [numbers.error, Buffer.of(1 << 3, 13)],
    );

    expect(readRequest(bytes)).toMatchObject({ nodeId: 'last', error: { code: 13, message: 'first' } });
    expect(readIdentity(bytes, variant)).toBe('last');
  });

  test.each(['node', 'error', 'name', 'typeUrl'] as const)(
    'the time for a message in pieces grows as its size: %s',
    (field) => {
      const content = field === 'node' || field === 'error' ? fields([2, 'abcdefghi']) : 'abcdefghijk';
      // A run of names is one piece: something else stands between them.
      const piece = Buffer.from(fields([numbers[field], content], [100, '']));
      const request = (pieces: number): Buffer => Buffer.alloc(pieces * piece.length, piece);
      // Of names no more are allowed.
      const most = field === 'name' ? 50_000 : 200_000;
      const [small, large] = [request(most / 16), request(most)];
      readRequest(large);
      const ratio = (): number => best(() => readRequest(large)) / best(() => readRequest(small));

      // 16 times the size. Quadratic would be 256 times the time, each time; a busy machine is slow now and then.
      const ratios = [ratio()];
      while (Math.min(...ratios) >= 100 && ratios.length < 20) ratios.push(ratio());
      expect(Math.min(...ratios)).toBeLessThan(100);
    },
  );

  test('a node id of 1,024 bytes is read, a longer one is refused', () => {
    const asks = (id: string): Uint8Array => fields([numbers.node, fields([1, id])]);

    expect(readIdentity(asks('x'.repeat(1024)), variant)).toHaveLength(1024);
    for (const reading of [readRequest, (it: Uint8Array) => readIdentity(it, variant)])
      expect(() => reading(asks('x'.repeat(1025)))).toThrow('node.id is longer than 1024 bytes');
  });

  test('a text that is not UTF-8 is refused, and one with a replacement character is not', () => {
    const broken = Buffer.of(0x61, 0xff);

    for (const field of [numbers.name, numbers.typeUrl])
      expect(() => readRequest(fields([field, broken]))).toThrow('not valid UTF-8');
    expect(() => readIdentity(fields([numbers.node, fields([1, broken])]), variant)).toThrow(
      'not valid UTF-8',
    );
    expect(readRequest(fields([numbers.typeUrl, 'a\uFFFD'])).typeUrl).toBe('a\uFFFD');
  });

  test('of a long refusal the beginning and the end are read', () => {
    const { error } = readRequest(fields([numbers.error, text(`start${'x'.repeat(8_000_000)}end`)]));

    expect(error?.message).toMatch(/^startx+ … x+end$/);
    expect(error?.message.length).toBeLessThan(21_000);
  });

  test('a field that ends outside of its message is refused', () => {
    const bytes = fields([numbers.node, Buffer.of(0x0a, 9)], [numbers.typeUrl, 'abcdefghij']);

    expect(() => readRequest(bytes)).toThrow(MessageError);
    expect(() => readIdentity(bytes, variant)).toThrow(MessageError);
  });
});

test('a version that is not UTF-8 is refused when versions are read', () => {
  const entry = fields([1, Buffer.of(0xff)], [2, '1']);

  expect(() => readDeltaRequest(fields([5, entry])).initialVersions.read()).toThrow('not valid UTF-8');
});

test('lists of names are remembered up to a bound', () => {
  const list = (mark: number, length: number, width = 20): Uint8Array =>
    Buffer.concat(Array.from({ length }, (_, index) => fields([3, `${mark}/${index}`.padEnd(width, '.')])));
  const isShared = (bytes: Uint8Array): boolean =>
    readDeltaRequest(bytes).subscribe === readDeltaRequest(bytes).subscribe;

  expect([1_000, 50_000].map((length) => isShared(list(1, length)))).toEqual([true, true]);
  expect(isShared(list(1, 50_000, 60))).toBe(false);
  const first = readDeltaRequest(list(2, 40_000)).subscribe;
  readDeltaRequest(list(3, 40_000));
  readDeltaRequest(list(4, 40_000));
  expect(readDeltaRequest(list(2, 40_000)).subscribe).not.toBe(first);
});

function timed(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** Other work of the machine makes it longer, never shorter. */
function best(work: () => unknown): number {
  return Math.min(...Array.from({ length: 5 }, () => timed(work)));
}
