// How the leader sees the proxies of all replicas, on its own snapshot.
import { describe, expect, test } from '@jest/globals';
import { deltaOf, nothingReported } from '../../../operator/replicas/delta.ts';
import { merge, nextTakenAtMs } from '../../../operator/replicas/merge.ts';
import { applyBatch, emptyPeer, type PeerState } from '../../../operator/replicas/peer-state.ts';
import type { ProxyReport } from '../../../operator/xds/session/proxy-report.ts';
import { CDS, EDS, LDS, ownOf, reportOf, snapshotOf, type World } from './worlds.ts';

function peerOf(world: World, nowMs = 0): PeerState {
  return applyBatch(emptyPeer, deltaOf(nothingReported, ownOf(world), 0).changes, nowMs);
}

const now = { nowMs: 100_000 };
const view = ['shared', 'w'];
const w = { [LDS]: { in: 'v1' } };
const leader = snapshotOf({ shared: { [CDS]: { a: 'v2@5', b: 'v1@5' } }, w }, [['p', view]]);

/** What p lags on and refuses, on a replica that has this. */
function seen(shared: World['layers'][string], words: Partial<World['proxies'][number]> = {}): unknown {
  const extra = { [LDS]: { x: 'v1@9' } };
  const peer = peerOf({ layers: { shared, w, extra }, proxies: [{ name: 'p', layers: view, ...words }] });
  const [report] = merge({ snapshot: leader, proxies: [] }, [peer], now);
  return {
    lagging: report?.lagging.map(({ name, origins }) => `${name}@${origins[0]?.generation}`),
    rejected: report?.rejected.map(({ name, message }) => `${name}: ${message}`),
    former: report?.former.map(({ name, origins }) => `${name}@${origins?.[0]?.generation}`),
    atRest: report?.atRest,
  };
}

const same = { [CDS]: { a: 'v2', b: 'v1' } };

describe('a proxy of another replica', () => {
  test.each<[string, unknown, object]>([
    [
      'obeys if it has acknowledged the same versions',
      seen(same),
      { lagging: [], rejected: [], atRest: true },
    ],
    [
      'lags on what its replica says it lags on, with the origins of the leader',
      seen(same, { lagging: [[CDS, 'b']], atRest: false }),
      { lagging: ['b@5'], rejected: [], atRest: false },
    ],
    [
      'lags on what its replica has in another version',
      seen({ [CDS]: { a: 'v1', b: 'v1' } }),
      { lagging: ['a@5'], rejected: [], atRest: false },
    ],
    [
      'lags on what its replica does not have',
      seen({ [CDS]: { a: 'v2' } }),
      { lagging: ['b@5'], rejected: [], atRest: false },
    ],
    [
      'lags once on what is both',
      seen({ [CDS]: { a: 'v1', b: 'v1' } }, { lagging: [[CDS, 'a']] }),
      { lagging: ['a@5'], rejected: [], atRest: false },
    ],
    [
      'runs what its replica has in another version than the leader',
      seen({ [CDS]: { a: 'v1@4', b: 'v1' } }),
      { lagging: ['a@5'], rejected: [], former: ['a@4'], atRest: false },
    ],
    [
      'runs what it reports to run in place of what its replica has',
      seen(same, { lagging: [[CDS, 'b']], former: [[CDS, 'b', 3], [LDS, 'gone', 2]], atRest: false }), // prettier-ignore
      { lagging: ['b@5'], rejected: [], former: ['b@3', 'gone@2'], atRest: false },
    ],
    [
      'runs everything of a layer that its replica has and the leader no longer',
      seen(same, { layers: [...view, 'extra'] }),
      { lagging: [], rejected: [], former: ['x@9'], atRest: true },
    ],
    [
      'does not lag on what the leader no longer has, but runs it',
      seen({ [CDS]: { ...same[CDS], c: 'v1' }, [EDS]: { c: 'v1' } }, { lagging: [[CDS, 'c'], [EDS, 'x']], rejected: [[CDS, 'c', 'no']] }), // prettier-ignore
      { lagging: [], rejected: [], former: ['c@1', 'c@1'], atRest: true },
    ],
    [
      'refuses what it refused in the version that the leader asks for',
      seen(same, { lagging: [[CDS, 'a']], rejected: [[CDS, 'a', 'bad']], atRest: true }),
      { lagging: ['a@5'], rejected: ['a: bad'], atRest: false },
    ],
    [
      'only lags on what it refused in another version',
      seen({ [CDS]: { a: 'v1', b: 'v1' } }, { lagging: [[CDS, 'a']], rejected: [[CDS, 'a', 'bad']] }),
      { lagging: ['a@5'], rejected: [], atRest: false },
    ],
    [
      'lags on a whole layer that it is to have and its replica does not show it',
      seen(same, { layers: ['w'] }),
      { lagging: ['a@5', 'b@5'], rejected: [], atRest: false },
    ],
    [
      'lags on everything while its replica has not shown it anything',
      seen(same, { layers: [], atRest: false }),
      { lagging: ['a@5', 'b@5', 'in@1'], rejected: [], atRest: false },
    ],
  ])('%s', (_rule, actual, expected) => {
    expect(actual).toMatchObject(expected);
  });

  test('that lags on more than can be named lags on all of the type', () => {
    const names = Array.from({ length: 300 }, (_, index) => `x${index}`);

    expect(seen(same, { lagging: names.map((name) => [CDS, name] as const) })).toMatchObject({
      lagging: ['a@5', 'b@5'],
    });
  });

  test('lags on a layer that the leader is still to build, and has its layers by the leader', () => {
    const peer = peerOf({ layers: { shared: same, w }, proxies: [{ name: 'p', layers: view }] });
    const partial = snapshotOf({ shared: same }, [['p', view]]);

    expect(merge({ snapshot: partial, proxies: [] }, [peer], now)).toMatchObject([
      { layers: view, lagging: [{ name: 'w', origins: [] }], atRest: false },
    ]);
  });

  test('whose workload the leader does not know is not counted; nor is any before the first snapshot', () => {
    const peer = peerOf({ layers: { shared: same, w }, proxies: [{ name: 'stranger', layers: view }] });

    expect(merge({ snapshot: leader, proxies: [] }, [peer], now)).toEqual([]);
    expect(merge({ snapshot: null, proxies: [] }, [peer], now)).toEqual([]);
  });

  test('keeps its report, the same object, while nothing about it changes', () => {
    const peers = ['v1', 'v2'].map((version) =>
      peerOf({
        layers: { shared: { [CDS]: { a: version } }, w },
        proxies: [{ name: `p${version}`, layers: view }],
      }),
    );
    const snapshot = snapshotOf({ shared: same, w }, [['pv1', view], ['pv2', view]]); // prettier-ignore

    const [before, after] = [
      merge({ snapshot, proxies: [] }, peers, now),
      merge({ snapshot, proxies: [] }, peers, now),
    ];

    expect(before).toHaveLength(2);
    expect(after.every((report, index) => report === before[index])).toBe(true);
  });

  test('shares the list of what its replica is behind in with the others', () => {
    const proxies = ['p', 'q'].map((name) => ({ name, layers: ['shared'] }));
    const peer = peerOf({ layers: { shared: { [CDS]: { a: 'v1' } } }, proxies });
    const snapshot = snapshotOf({ shared: same }, [['p', ['shared']], ['q', ['shared']]]); // prettier-ignore

    const [p, q] = merge({ snapshot, proxies: [] }, [peer], now);

    expect(p?.lagging).toHaveLength(2);
    expect(p?.lagging).toBe(q?.lagging);
  });
});

describe('a proxy that is seen twice', () => {
  const at = (connectedAtMs: number): World => ({
    layers: { shared: same, w },
    proxies: [{ name: 'p', layers: view, connectedAtMs }],
  });
  const lagsOf = (
    own: ProxyReport,
    peers: readonly PeerState[],
    nowMs = 100_000,
  ): readonly (readonly string[])[] =>
    merge({ snapshot: leader, proxies: [own] }, peers, { nowMs }).map((it) =>
      it.lagging.map(({ name }) => name),
    );
  const lagging = { name: 'p', layers: view, connectedAtMs: 5000, lagging: [[CDS, 'b']] } as const;

  test('counts twice while both streams are there: they may be two proxies of one identity', () => {
    expect(lagsOf(reportOf(lagging), [peerOf(at(-4000), 5100)])).toEqual([['b'], []]);
    const other = reportOf({ name: 'p', layers: view, connectedAtMs: 6000 });
    expect(merge({ snapshot: leader, proxies: [other, reportOf(lagging)] }, [], now)).toHaveLength(2);
  });

  test('counts once when it has left here and is there, even if its end was noticed late', () => {
    const left = reportOf({ ...lagging, leftAtMs: 60_000 });

    // Their clock says 0 when ours says 90,000, then 20,000.
    expect(lagsOf(left, [peerOf(at(0), 90_000)])).toEqual([[]]);
    expect(lagsOf(left, [peerOf(at(0), 20_000)])).toEqual([[]]);
  });

  test('counts twice when the other stream was there long before it left, until that has outlived it', () => {
    const left = reportOf({ ...lagging, leftAtMs: 60_000 });
    const peers = [peerOf(at(0), 10_000)];
    const endMs = 60_000 + 45_000;

    expect(lagsOf(left, peers, endMs - 1)).toEqual([['b'], []]);
    expect(nextTakenAtMs(merge({ snapshot: leader, proxies: [left] }, peers, now))).toBe(endMs);
    expect(lagsOf(left, peers, endMs)).toEqual([[]]);
  });

  test('counts once when it has left both here and there: as it was last', () => {
    const there = reportOf({ name: 'p', layers: view, connectedAtMs: 70_000, leftAtMs: 80_000 });
    const here = reportOf({ ...lagging, leftAtMs: 60_000 });
    const reports = merge({ snapshot: leader, proxies: [here] }, [], { left: [there], nowMs: 200_000 });

    expect(reports).toEqual([there]);
    expect(nextTakenAtMs(reports)).toBeNull();
  });

  test('an own proxy that has not been shown anything lags on everything', () => {
    const waiting = reportOf({ name: 'p', atRest: false });

    expect(merge({ snapshot: leader, proxies: [waiting] }, [], now)).toMatchObject([
      { layers: view, lagging: [{ name: 'a' }, { name: 'b' }, { name: 'in' }] },
    ]);
  });
});
