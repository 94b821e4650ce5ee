import { beforeEach, expect, test } from '@jest/globals';
import { RenewedConnections, type Renewable } from '../../../../operator/xds/server/renewed-connections.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const wanted = { root: 'new', issuedMs: 1 };
const other = { root: 'old', issuedMs: 1 };

let clock: FakeClock;
let streams: Set<Renewable>;
let ended: string[];
let renewed: RenewedConnections<Renewable>;

function connect(nodeId: string, leaf: Renewable['leaf'] = other, workload: string | null = nodeId): void {
  streams.add({ nodeId, leaf, workload, connectedAtMs: clock.monotonicMs() });
}

beforeEach(() => {
  [clock, streams, ended] = [new FakeClock(), new Set(), []];
  renewed = new RenewedConnections({
    streams,
    clock,
    end: (stream) => {
      ended.push(stream.nodeId);
      streams.delete(stream);
    },
  });
});

const want = (): void => renewed.setWanted((leaf) => leaf?.root === 'new');

test('connections with other certificates, or none that is known, are ended; others stay', () => {
  connect('old');
  connect('unknown', null);
  connect('new', wanted);
  connect('not identified yet', other, null);

  want();
  clock.advance(1_000);

  expect(ended.toSorted()).toEqual(['old', 'unknown']);
});

test('who comes back with the same certificate has more time each time, a minute at most', () => {
  connect('slow');
  want();

  const atMs: number[] = [];
  for (let second = 1; second <= 300; second += 1) {
    clock.advance(1_000);
    if (ended.splice(0).length === 0) continue;
    atMs.push(second);
    connect('slow');
  }

  expect(atMs.slice(0, 7)).toEqual([1, 3, 7, 15, 31, 63, 123]);
});

test('of many some are ended at a time', () => {
  for (let index = 0; index < 300; index += 1) connect(`proxy ${index}`);
  want();

  clock.advance(1_000);
  expect(ended).toHaveLength(15);
  clock.advance(1_000);
  expect(ended).toHaveLength(30);
});

test('none is ended any more once all are wanted, and nothing waits', () => {
  connect('old');
  want();
  renewed.setWanted(null);

  clock.advance(10_000);

  expect([ended, clock.pending]).toEqual([[], 0]);
});
