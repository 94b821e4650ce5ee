// What a replica tells the leader: the whole state once, then what changed, and nothing else is looked at.
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { StateChange } from '../../../operator/replicas/changes.ts';
import { deltaOf, nothingReported, type Own } from '../../../operator/replicas/delta.ts';
import { readMessage, writeBatch } from '../../../operator/replicas/messages.ts';
import { applyBatch, emptyPeer } from '../../../operator/replicas/peer-state.ts';
import type { ProxyReport } from '../../../operator/xds/session/proxy-report.ts';
import type { Layer, TypeLayer } from '../../../operator/xds/snapshot/types.ts';
import { CDS, EDS, LDS, ownOf, plain, reportOf, type World } from './worlds.ts';
import { runs } from '../../support/runs.ts';

/** The changes of each step, as they arrive. */
function changesOf(...steps: readonly Own[]): readonly (readonly StateChange[])[] {
  let state = nothingReported;
  return steps.map((own) => {
    const delta = deltaOf(state, own, 1000);
    state = delta.reported;
    return overTheWire(delta.changes);
  });
}

function overTheWire(changes: readonly StateChange[]): readonly StateChange[] {
  return [...writeBatch('r', changes)].flatMap((bytes) => {
    const read = readMessage(bytes);
    if (!read.ok) throw new Error(read.problem);
    return read.message.changes.flatMap((it) => (it.type === 'counted' ? [] : [it]));
  });
}

const shared = { [CDS]: { a: 'v1', b: 'v1' }, [EDS]: { a: 'v1', b: 'v1' } };
const p = { name: 'p', layers: ['shared', 'w'] };

describe('what is reported', () => {
  test('first of all, everything that proxies use', () => {
    const world = { layers: { shared, w: { [LDS]: { in: 'v1' } }, other: shared }, proxies: [p] };

    expect(changesOf(ownOf(world))).toEqual([
      [
        { type: 'versions', layer: 'shared', typeUrl: CDS, set: [['a', 'v1', 'Service/shop/a@1'], ['b', 'v1', 'Service/shop/b@1']], unset: [] }, // prettier-ignore
        { type: 'versions', layer: 'shared', typeUrl: EDS, set: [['a', 'v1', 'Service/shop/a@1'], ['b', 'v1', 'Service/shop/b@1']], unset: [] }, // prettier-ignore
        { type: 'versions', layer: 'w', typeUrl: LDS, set: [['in', 'v1', 'Service/shop/in@1']], unset: [] },
        {
          type: 'proxy',
          id: 1,
          workload: 'Pod/shop/p',
          nodeId: 'Pod~shop~p~uid',
          layers: ['shared', 'w'],
          ageMs: 1000,
        },
        { type: 'ackState', ids: [1], lagging: [], rejected: [], former: [], atRest: true },
      ],
    ]);
  });

  test('of a change of one endpoint list, that list and who lags on it', () => {
    const world = { layers: { shared }, proxies: [{ name: 'p' }, { name: 'q' }] };
    const changed = { ...shared, [EDS]: { a: 'v1', b: 'v2' } };
    const lagging = [[EDS, 'b']] as const;
    const proxies = world.proxies.map((it) => ({ ...it, lagging, atRest: false }));

    const [, second, third] = changesOf(
      ownOf(world),
      ownOf({ layers: { shared: changed }, proxies }),
      ownOf({ layers: { shared: changed }, proxies: world.proxies }),
    );

    expect(second).toEqual([
      { type: 'versions', layer: 'shared', typeUrl: EDS, set: [['b', 'v2', 'Service/shop/b@1']], unset: [] },
      {
        type: 'ackState',
        ids: [1, 2],
        lagging: [{ typeUrl: EDS, names: ['b'] }],
        rejected: [],
        former: [],
        atRest: false,
      },
    ]);
    expect(third).toEqual([
      { type: 'ackState', ids: [1, 2], lagging: [], rejected: [], former: [], atRest: true },
    ]);
  });

  test('of what is no more, its name', () => {
    const [, second] = changesOf(
      ownOf({ layers: { shared, w: { [LDS]: { in: 'v1' } } }, proxies: [p, { ...p, name: 'q' }] }),
      ownOf({
        layers: { shared: { [CDS]: { a: 'v1' }, [EDS]: shared[EDS] } },
        proxies: [{ name: 'q', layers: ['shared'] }],
      }),
    );

    expect(second).toEqual([
      { type: 'versions', layer: 'shared', typeUrl: CDS, set: [], unset: ['b'] },
      { type: 'layersGone', layers: ['w'] },
      expect.objectContaining({ type: 'proxy', id: 2, layers: ['shared'] }),
      { type: 'ackState', ids: [2], lagging: [], rejected: [], former: [], atRest: true },
      { type: 'proxiesGone', ids: [1] },
    ]);
  });

  test('nothing, when nothing has changed; and what is still the same object is not looked into', () => {
    const own = ownOf({ layers: { shared }, proxies: [{ name: 'p' }] });
    const entries = own.snapshot?.layers.get('shared')?.get(CDS)?.entries ?? new Map();
    let looks = 0;
    const watched: TypeLayer = {
      typeUrl: CDS,
      get entries() {
        looks += 1;
        return entries;
      },
    };
    const endpoints = (version: string): TypeLayer =>
      ownOf({ layers: { e: { [EDS]: { a: version } } }, proxies: [] })
        .snapshot?.layers.get('e')
        ?.get(EDS) as TypeLayer;
    const withLayer = (layer: Layer): Own => ({
      snapshot: { generation: 1, layers: new Map([['shared', layer]]), views: new Map(), invalid: [] },
      proxies: own.proxies,
    });
    const layer = new Map([[CDS, watched], [EDS, endpoints('v1')]]); // prettier-ignore
    const { reported: before } = deltaOf(nothingReported, withLayer(layer), 0);
    looks = 0;

    expect(deltaOf(before, withLayer(layer), 0).changes).toEqual([]);
    expect(deltaOf(before, withLayer(new Map(layer).set(EDS, endpoints('v2'))), 0).changes).toEqual([
      { type: 'versions', layer: 'shared', typeUrl: EDS, set: [['a', 'v2', 'Service/shop/a@1']], unset: [] },
    ]);
    expect(looks).toBe(0);
  });

  test('of a change that no proxy sees, the generation of who made it', () => {
    const world = (words: string): World => ({
      layers: { e: { [CDS]: { a: words } } },
      proxies: [{ name: 'p' }],
    });

    expect(changesOf(ownOf(world('v1@1')), ownOf(world('v1@2')))[1]).toMatchObject([
      { type: 'versions', set: [['a', 'v1', 'Service/shop/a@2']] },
    ]);
  });

  test('of a client, no more than is bounded; and of one that has left, nothing', () => {
    const [report] = ownOf({ layers: { shared }, proxies: [{ name: 'p' }] }).proxies;
    const own = ownOf({ layers: { shared }, proxies: [] });
    const long = { ...report, nodeId: 'x'.repeat(20_000) } as ProxyReport;
    const left = { ...report, leftAtMs: 5 } as ProxyReport;

    const { changes } = deltaOf(nothingReported, { ...own, proxies: [long, left] }, 0);

    expect(changes.filter(({ type }) => type === 'proxy')).toEqual([
      expect.objectContaining({ id: 1, nodeId: 'x'.repeat(1024) }),
    ]);
    expect(overTheWire(changes)).toHaveLength(changes.length);
  });

  test('what a proxy still runs, by name; if it is too much to be named, that nobody knows', () => {
    const former = Array.from({ length: 300 }, (_, index) => [CDS, `x${index}`, 1] as const);
    const stateOf = (some: typeof former): unknown =>
      changesOf(ownOf({ layers: {}, proxies: [{ name: 'p', former: some }] }))[0]?.find(
        ({ type }) => type === 'ackState',
      );

    expect(stateOf(former.slice(0, 1))).toMatchObject({
      former: [{ typeUrl: CDS, name: 'x0', origins: ['Service/shop/x0@1'] }],
    });
    expect(stateOf(former)).toMatchObject({ former: [{ typeUrl: CDS, name: '*', origins: null }] });
  });

  test('two streams of one workload have an id each', () => {
    const first = { name: 'p', connectedAtMs: 10 };
    const second = { name: 'p', connectedAtMs: 20 };
    const layers = { shared };

    const [, both, one] = changesOf(
      ownOf({ layers, proxies: [first] }),
      ownOf({ layers, proxies: [first, second] }),
      ownOf({ layers, proxies: [second] }),
    );

    expect(both).toMatchObject([
      { type: 'proxy', id: 2, ageMs: 980 },
      { type: 'ackState', ids: [2] },
    ]);
    expect(one).toEqual([{ type: 'proxiesGone', ids: [1] }]);
  });

  test('a proxy that lags on very much lags on all of the type', () => {
    const names = Array.from({ length: 5000 }, (_, index) => `c${index}`);
    const lagging = names.map((name) => [CDS, name] as const);
    const proxies = [{ name: 'p', lagging: [...lagging, [EDS, 'a'] as const] }];

    const [first] = changesOf(ownOf({ layers: {}, proxies }));

    expect(first).toContainEqual({
      type: 'ackState',
      ids: [1],
      lagging: [
        { typeUrl: CDS, names: null },
        { typeUrl: EDS, names: ['a'] },
      ],
      rejected: [],
      former: [],
      atRest: true,
    });
  });
});

const version = fc.constantFrom('v1', 'v2', 'v3');
const entries = fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), version, {
  noNullPrototype: true,
});
const layer = fc.record({ [CDS]: entries, [EDS]: entries }, { requiredKeys: [] });
const layerId = fc.constantFrom('shared', 'ns/qa', 'workload/p');
const resource = fc.tuple(fc.constantFrom(CDS, EDS), fc.constantFrom('a', 'b', 'c'));
const proxy = fc.record({
  name: fc.constantFrom('p', 'q', 'r'),
  connectedAtMs: fc.constantFrom(1, 2, 3),
  layers: fc.uniqueArray(layerId),
  lagging: fc.uniqueArray(resource, { selector: String }),
  rejected: fc.array(fc.tuple(fc.constantFrom(CDS, EDS), fc.constantFrom('a', 'b'), fc.string()), {
    maxLength: 2,
  }),
  atRest: fc.boolean(),
});
const world: fc.Arbitrary<World> = fc.record({
  layers: fc.dictionary(layerId, layer, { noNullPrototype: true }),
  proxies: fc.array(proxy, { maxLength: 4 }),
});

test('the deltas of any history, applied to nothing, come to the state that is told at once', () => {
  fc.assert(
    fc.property(fc.array(world, { minLength: 1, maxLength: 6 }), (worlds) => {
      const history = worlds.map(ownOf);
      const last = history.at(-1) as Own;

      const state = changesOf(...history).reduce(
        (peer, changes) => applyBatch(peer, changes, 1000),
        emptyPeer,
      );
      const [whole = []] = changesOf(last);

      expect(plain(state)).toEqual(plain(applyBatch(emptyPeer, whole, 1000)));
      expect(state.proxies.size).toBe(last.proxies.length);
    }),
    runs(300),
  );
});

test('before there is a snapshot, only proxies are told of', () => {
  const own = { snapshot: null, proxies: [reportOf({ name: 'p' })] };

  expect(changesOf(own)[0]?.map(({ type }) => type)).toEqual(['proxy', 'ackState']);
});
