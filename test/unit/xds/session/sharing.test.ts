// What is made once for many: encoded bytes in slabs, messages of replicas, and what streams alike are behind with.
import { expect, test } from '@jest/globals';
import { typeUrl as url } from '../../../../operator/envoy/proto/type-urls.ts';
import { copyToSlab } from '../../../../operator/xds/snapshot/slab.ts';
import { messageDeduplication } from '../../../../operator/envoy/resources/dedupe-messages.ts';
import type { XdsResource } from '../../../../operator/envoy/resources/xds-resource.ts';
import { PerType } from '../../../../operator/xds/session/per-type.ts';
import { frameOf } from '../../../../operator/xds/server/frames.ts';
import type { Publish } from '../../../../operator/xds/session/events.ts';
import { reduce } from '../../../../operator/xds/session/session.ts';
import { rebase } from '../../../../operator/xds/session/rebase.ts';
import { newSession } from '../../../../operator/xds/session/state.ts';
import { firstState } from '../../../../operator/xds/session/resubscribe.ts';
import type { Entry, TypeLayer } from '../../../../operator/xds/snapshot/types.ts';
import type { Stack, View } from '../../../../operator/xds/session/view.ts';
import { delta } from '../../../support/xds-world.ts';

test('copies of small byte arrays share one slab', () => {
  const sources = [Buffer.from('one'), Buffer.from('two'), Buffer.alloc(100_000, 1), Buffer.from('three')];

  const copies = sources.map((bytes) => copyToSlab(bytes));
  sources[0]?.fill(0);

  expect(copies.map((bytes) => Buffer.from(bytes).toString('latin1', 0, 5))).toEqual([
    'one',
    'two',
    '\u0001'.repeat(5),
    'three',
  ]);
  expect(copies[1]?.buffer).toBe(copies[0]?.buffer);
  expect(copies[2]?.buffer.byteLength).toBe(100_000);
});

test('slabs are filled one after another, and no copy runs into the next', () => {
  const copies = Array.from({ length: 100 }, (_, index) => copyToSlab(Buffer.alloc(10_000, index)));

  expect(copies.map((bytes) => [bytes.length, ...new Set(bytes)])).toEqual(
    copies.map((_, index) => [10_000, index]),
  );
  expect(new Set(copies.map((bytes) => bytes.buffer)).size).toBeLessThan(25);
});

function resource(owner: string, mark: string): XdsResource {
  const origins = [{ kind: 'Pod', namespace: 'shop', name: owner, generation: 1 }];
  return {
    typeUrl: url.listener,
    name: 'inbound',
    message: { mark },
    origins,
    clusters: [],
    exclusiveKeys: [],
  };
}

test('replicas share messages that are equal, and keep their own origins', () => {
  const dedupe = messageDeduplication();
  const [one, two, other] = [
    dedupe([resource('a-1', 'a')]),
    dedupe([resource('a-2', 'a')]),
    dedupe([resource('b-1', 'b')]),
  ];

  expect(two).toEqual([resource('a-2', 'a')]);
  expect(two?.[0]?.message).toBe(one?.[0]?.message);
  expect(other).toEqual([resource('b-1', 'b')]);
});

function layer(...words: readonly string[]): TypeLayer {
  const entries = words.map((word): [string, Entry] => {
    const [name = '', version = ''] = word.split('@');
    return [name, { name, version, any: Buffer.from(word), origins: [], clusters: [], exclusiveKeys: [] }];
  });
  return { typeUrl: url.cluster, entries: new Map(entries) };
}

test('streams alike that move to the next layer share what they are behind with; others do not', () => {
  const [before, after] = [layer('a@1', 'b@1', 'c@1'), layer('a@2', 'b@1', 'd@1')];
  const subscribed = new Set(['a', 'b']);
  const behind = (names: ReadonlySet<string>, wildcard: boolean): ReadonlyMap<string, unknown> => {
    const subscription = { wildcard, names, hasNamed: true };
    const start = firstState({ subscription, asked: [], dropped: [] }, new Map(), []);
    return rebase({ ...start, base: [before] }, [after]).behind;
  };

  const [one, two, others, all] = [
    behind(subscribed, false),
    behind(subscribed, false),
    behind(new Set(['c']), false),
    behind(new Set(), true),
  ];

  expect(two).toBe(one);
  expect([one, others, all].map((it) => [...(it?.keys() ?? [])].toSorted())).toEqual([
    ['a'],
    ['c'],
    ['a', 'c', 'd'],
  ]);
});

test('streams with different pasts are sent the same bytes of a publication', () => {
  const [before, after] = [layer('a@1', 'b@1'), layer('a@2', 'b@1')];
  const view = (clusters: TypeLayer): View => ({
    layers: ['shared'],
    stacks: PerType.none<Stack>().with(url.cluster, [clusters]),
  });
  const start = reduce(newSession('delta'), {
    type: 'publish',
    view: view(before),
    nowMs: 0,
  }).session;
  const asked = reduce(start, { type: 'delta', request: delta(url.cluster), nowMs: 0 }).session;
  const [acked, later] = ['1', '2'].map((nonce) =>
    reduce(
      { ...asked, nextNonce: Number(nonce) },
      { type: 'delta', request: delta(url.cluster, { nonce: '1' }), nowMs: 0 },
    ),
  );

  const next = view(after);
  const sends = [acked, later].flatMap((step) => {
    const event: Publish = { type: 'publish', view: next, nowMs: 0, nonceFrom: 64 };
    return step === undefined ? [] : reduce(step.session, event).effects.filter((it) => it.type === 'send');
  });
  const [one, two] = sends.map((send) => frameOf(send, 'delta', null));

  expect(sends.map(({ nonce, resources }) => [nonce, resources.map((it) => it.version)])).toEqual([
    ['64', ['2']],
    ['64', ['2']],
  ]);
  expect(two).toBe(one);
});
