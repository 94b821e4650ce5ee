import { describe, expect, test } from '@jest/globals';
import { aggregate, type AggregateInput } from '../../../operator/status/aggregate.ts';
import { originKey } from '../../../operator/ir/origin.ts';
import type { StatusUpdate } from '../../../operator/status/object-status.ts';
import { refKey } from '../../../operator/objects/objects.ts';
import { typeUrl } from '../../../operator/envoy/proto/type-urls.ts';
import type { Entry, Snapshot } from '../../../operator/xds/snapshot/types.ts';
import { expectGolden, expectNoStaleGolden, goldenCases, goldenInput } from '../../support/golden.ts';
import { proxyOf, readStatusCase, snapshotOf, verdictOf } from './status-case.ts';

const folder = 'test/golden/status';
const cases = goldenCases(folder);

/** What a user would see, by object. */
function byObject(updates: readonly StatusUpdate[]): unknown {
  return Object.fromEntries(updates.map(({ ref, status }) => [refKey(ref), status]));
}

function readCase(name: string): AggregateInput {
  return readStatusCase(goldenInput(folder, name));
}

describe('golden', () => {
  test.each(cases)('%s', (name) => {
    const input = readCase(name);

    const updates = aggregate(input);

    expectGolden(folder, name, byObject(updates));
    expect(updates.map(({ ref }) => refKey(ref))).toEqual(
      input.verdicts.map(({ origin }) => originKey(origin)),
    );
  });

  test('every output has its input', () => {
    expect(() => expectNoStaleGolden(folder)).not.toThrow();
  });

  test.each(cases)('%s: the order of proxies and verdicts does not matter', (name) => {
    const input = readCase(name);
    const reversed = { ...input, proxies: input.proxies.toReversed(), verdicts: input.verdicts.toReversed() };

    expect(byObject(aggregate(reversed))).toEqual(byObject(aggregate(input)));
  });
});

test('a status that did not change is the previous object itself, however much later', () => {
  const input = readCase('all-proxies-acknowledged');
  const first = aggregate(input);
  const previous = new Map(first.map(({ ref, status }) => [refKey(ref), status]));

  const second = aggregate({ ...input, previous, now: new Date('2026-02-01T00:00:00Z') });

  expect(second.map(({ ref, status }) => previous.get(refKey(ref)) === status)).toEqual([true, true, true]);
});

test('a message longer than the schema admits is cut at its end', () => {
  const snapshot = snapshotOf({ layers: { shared: { VirtualHost: { x: ['TrafficPolicy/shop/x@1'] } } } });
  const proxy = proxyOf(
    'Pod/shop/a',
    { layers: ['shared'], rejected: { 'VirtualHost x': 'y'.repeat(40_000) } },
    snapshot,
  );
  const input = {
    ...readCase('nothing-published'),
    verdicts: [verdictOf('TrafficPolicy/shop/x@1', true)],
    snapshot,
  };

  const message = aggregate({ ...input, proxies: [proxy] })[0]?.status.conditions[1]?.message ?? '';

  expect([message.length, message.slice(0, 53), message.slice(-2)]).toEqual([
    32_768,
    'Rejected by 1 of 1 proxy. No earlier version is in fo',
    'y…',
  ]);
});

test('an expired root makes the Mesh not ready, even if nobody else noticed', () => {
  const input = readCase('mesh-certificates-not-ready');
  const certificates = { rootNotAfter: new Date('2025-12-31T00:00:00Z'), problems: [] };

  const ready = aggregate({ ...input, certificates })[0]?.status.conditions[2];

  expect(ready).toMatchObject({
    status: 'False',
    reason: 'CertificateNotReady',
    message: 'The root certificate expired at 2025-12-31T00:00:00Z. Replace it.',
  });
});

test('a verdict on a kind without a status of ours is a broken invariant', () => {
  const input = { ...readCase('nothing-published'), verdicts: [verdictOf('Service/shop/x@1', true)] };

  expect(() => aggregate(input)).toThrow('There is a verdict on a Service, which has no status of ours.');
});

describe('work', () => {
  test('entries are read once for each layer, not once for each proxy, object or aggregation', () => {
    const { snapshot, reads } = countingSnapshot(200);
    const verdicts = Array.from({ length: 200 }, (_, index) =>
      verdictOf(`TrafficPolicy/shop/p${index}@1`, true),
    );
    const proxies = Array.from({ length: 100 }, (_, index) =>
      proxyOf(`Pod/shop/a${index}`, { layers: ['shared'] }, snapshot),
    );
    const input = { ...readCase('nothing-published'), verdicts, snapshot, proxies };

    aggregate(input);
    const first = reads();
    aggregate(input);
    // Published again with the same layer in it.
    aggregate({ ...input, snapshot: { ...snapshot, generation: 2 } });

    expect([first, reads()]).toEqual([200, 200]);
  });
});

/** One layer of virtual hosts, each of a policy of its own; `reads` counts how often an entry's origins were asked for. */
function countingSnapshot(size: number): { snapshot: Snapshot; reads: () => number } {
  let count = 0;
  const entries = Array.from({ length: size }, (_, index): [string, Entry] => {
    const name = `p${index}`;
    const origins = [{ kind: 'TrafficPolicy', namespace: 'shop', name, generation: 1 }];
    const entry = {
      name,
      version: '1',
      any: new Uint8Array(),
      clusters: [],
      exclusiveKeys: [],
      get origins() {
        count += 1;
        return origins;
      },
    };
    return [name, entry];
  });
  const typeLayer = { typeUrl: typeUrl.virtualHost, entries: new Map(entries) };
  const layers = new Map([['shared', new Map([[typeUrl.virtualHost, typeLayer]])]]);
  return { snapshot: { generation: 1, layers, views: new Map(), invalid: [] }, reads: () => count };
}
