// Publications, and when all proxies had them.
import { expect, test } from '@jest/globals';
import { ChangeLog } from '../../../operator/dashboard/changes.ts';
import type { Origin } from '../../../operator/ir/origin.ts';
import type { Entry, Snapshot } from '../../../operator/xds/snapshot/types.ts';

const typeUrl = 'type.googleapis.com/envoy.config.cluster.v3.Cluster' as const;

function snapshotOf(
  ...entries: readonly (readonly [name: string, version: string, generation: number])[]
): Snapshot {
  const made = entries.map(([name, version, generation]): Entry => {
    const origin: Origin = { kind: 'TrafficPolicy', namespace: 'shop', name, generation };
    return { name, version, any: new Uint8Array(), origins: [origin], clusters: [], exclusiveKeys: [] };
  });
  const layer = { typeUrl, entries: new Map(made.map((entry) => [entry.name, entry])) };
  return {
    generation: 1,
    layers: new Map([['shared', new Map([[typeUrl, layer]])]]),
    views: new Map(),
    invalid: [],
  };
}

const at = (monotonicMs: number): { monotonicMs: number; wallMs: number } => ({
  monotonicMs,
  wallMs: 1_000_000 + monotonicMs,
});

test('a publication names what it was made from that differs, also what is gone', () => {
  const log = new ChangeLog();
  log.published(snapshotOf(['a', '1', 1], ['b', '1', 1]), at(0));
  log.settled(at(40));
  expect(log.isOpen()).toBe(false);
  log.published(snapshotOf(['a', '2', 2]), at(1000));
  expect(log.isOpen()).toBe(true);

  expect(log.latestFirst()).toMatchObject([
    { objects: ['TrafficPolicy/shop/a@2', 'TrafficPolicy/shop/b@1'], resources: 2, tookMs: null },
    {
      at: '1970-01-01T00:16:40.000Z',
      objects: ['TrafficPolicy/shop/a@1', 'TrafficPolicy/shop/b@1'],
      tookMs: 40,
    },
  ]);
});

test('those that were overtaken are acknowledged with the last, and keep their own beginning', () => {
  const log = new ChangeLog();
  log.published(snapshotOf(['a', '1', 1]), at(0));
  log.published(snapshotOf(['a', '2', 2]), at(10));
  log.settled(at(50));
  log.settled(at(90));

  expect(log.latestFirst().map(({ tookMs }) => tookMs)).toEqual([40, 50]);
});

test('a hundred are kept, and ten names of each', () => {
  const log = new ChangeLog();
  const many = Array.from({ length: 25 }, (_, index) => [`p${index}`, '1', 1] as const);
  log.published(snapshotOf(...many), at(0));
  expect(log.latestFirst()[0]).toMatchObject({ more: 15, resources: 25 });
  for (let index = 0; index < 120; index += 1) log.published(snapshotOf(['a', String(index), 1]), at(index));

  expect(log.latestFirst()).toHaveLength(100);
});
