// Views: shared by proxies of the same layers, and compared at the cost of what changed.
import { expect, test } from '@jest/globals';
import { typeUrl as url } from '../../../../operator/envoy/proto/type-urls.ts';
import type { Entry, Snapshot, TypeLayer } from '../../../../operator/xds/snapshot/types.ts';
import { changedNames, lookup, sameStack, stackOf, viewOf } from '../../../../operator/xds/session/view.ts';

function layer(...words: readonly string[]): TypeLayer {
  const entries = words.map((word): [string, Entry] => {
    const [name = '', version = ''] = word.split('@');
    return [name, { name, version, any: Buffer.from(word), origins: [], clusters: [], exclusiveKeys: [] }];
  });
  return { typeUrl: url.cluster, entries: new Map(entries) };
}

const shared = layer('a@1', 'b@1');
const own = layer('c@1');
const snapshot: Snapshot = {
  generation: 1,
  layers: new Map([
    ['shared', new Map([[url.cluster, shared]])],
    ['own', new Map([[url.cluster, own]])],
  ]),
  views: new Map(),
  invalid: [],
};

test('87: a view whose layers did not change is the same one', () => {
  const view = viewOf(snapshot, ['shared', 'own']);

  expect(viewOf({ ...snapshot, generation: 2 }, view.layers, view)).toBe(view);
  expect(view.layers).toEqual(['shared', 'own']);
  expect(stackOf(view, url.cluster)).toEqual([shared, own]);
  expect(stackOf(view, url.listener)).toEqual([]);
  expect(stackOf(null, url.cluster)).toEqual([]);
});

test('what does not change between two views keeps its identity', () => {
  const before = viewOf(snapshot, ['shared', 'own']);
  const hosts: TypeLayer = { typeUrl: url.virtualHost, entries: new Map() };
  const layers = new Map(snapshot.layers).set(
    'own',
    new Map([
      [url.cluster, own],
      [url.virtualHost, hosts],
    ]),
  );

  const after = viewOf({ ...snapshot, layers }, before.layers, before);

  expect(after).not.toBe(before);
  expect(stackOf(after, url.cluster)).toBe(stackOf(before, url.cluster));
});

test('a change of a shared layer moves its type, below the own layer, and nothing else', () => {
  const hosts: TypeLayer = { typeUrl: url.virtualHost, entries: new Map() };
  const at = (clusters: TypeLayer): Snapshot => ({
    ...snapshot,
    layers: new Map(snapshot.layers).set(
      'shared',
      new Map([
        [url.cluster, clusters],
        [url.virtualHost, hosts],
      ]),
    ),
  });
  const [old, next] = [layer('a@1'), layer('a@2')];
  const before = viewOf(at(old), ['shared', 'own']);

  const after = viewOf(at(next), before.layers, before);

  expect(stackOf(after, url.cluster)).toEqual([next, own]);
  expect(stackOf(after, url.virtualHost)).toBe(stackOf(before, url.virtualHost));
  expect(viewOf(at(next), ['shared', 'own'])).toMatchObject({ stacks: after.stacks });
  // A type more, and one less.
  expect(stackOf(viewOf(snapshot, before.layers, before), url.virtualHost)).toEqual([]);
  expect(stackOf(viewOf(at(old), before.layers, viewOf(snapshot, before.layers)), url.virtualHost)).toEqual([
    hosts,
  ]);
});

test('a layer that is not there has nothing', () => {
  expect(stackOf(viewOf(snapshot, ['gone', 'own']), url.cluster)).toEqual([own]);
});

test('a name is looked up in every layer', () => {
  expect(lookup([shared, own], 'c')?.version).toBe('1');
  expect(lookup([shared, own], 'd')).toBeUndefined();
});

test('stacks are the same if their layers are, not if their content is', () => {
  expect(sameStack([shared, own], [shared, own])).toBe(true);
  expect(sameStack([shared], [layer('a@1', 'b@1')])).toBe(false);
  expect(sameStack([shared], [shared, own])).toBe(false);
});

test.each([
  ['nothing', [shared, own], [shared, own], []],
  ['a version', [shared], [layer('a@2', 'b@1')], ['a']],
  ['an equal layer', [shared], [layer('a@1', 'b@1')], []],
  ['an addition', [shared], [layer('a@1', 'b@1', 'd@1')], ['d']],
  ['a removal', [shared], [layer('a@1')], ['b']],
  ['a new layer', [shared], [shared, own], ['c']],
  ['a layer that left', [shared, own], [own], ['a', 'b']],
  ['a name that moved to another layer', [shared, own], [layer('a@1'), layer('b@1', 'c@2')], ['c']],
  ['from nothing', [], [shared, own], ['a', 'b', 'c']],
])('changed names: %s', (_what, from, to, expected) => {
  expect([...changedNames(from, to)].toSorted()).toEqual(expected);
});
