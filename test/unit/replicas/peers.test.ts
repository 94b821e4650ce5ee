// The leader's end, with streams made by hand and time moved by hand.
import { EventEmitter } from 'node:events';
import { status } from '@grpc/grpc-js';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createLog } from '../../../operator/process/log.ts';
import { deltaOf, nothingReported } from '../../../operator/replicas/delta.ts';
import { writeBatch } from '../../../operator/replicas/messages.ts';
import { PeerCredentials } from '../../../operator/replicas/peer-credentials.ts';
import { Peers, type ReportCall } from '../../../operator/replicas/peers.ts';
import { freshAuthority, operatorId, serverPair } from '../../support/xds-certificates.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { CDS, ownOf, snapshotOf } from './worlds.ts';
import { noTags } from '../../../operator/telemetry/point.ts';

const credentials = new PeerCredentials();
beforeAll(async () => {
  credentials.update(await serverPair(await freshAuthority()));
});

class FakeCall extends EventEmitter {
  /** How often it was told to go on. */
  told = 0;
  ended: string | undefined;
  readonly #identity: string;

  constructor(identity: string) {
    super();
    this.#identity = identity;
    this.on('error', ({ code }: { code: status }) => {
      this.ended = status[code];
    });
  }

  write(): void {
    this.told += 1;
  }

  end(): void {
    this.ended = 'OK';
  }

  getPeer(): string {
    return 'somewhere';
  }

  getAuthContext(): object {
    return { sslPeerCertificate: { subjectaltname: `URI:${this.#identity}` } };
  }

  /** The whole state of a replica whose proxies have these names. */
  report(replica: string, ...names: readonly string[]): void {
    const own = ownOf({
      layers: { shared: { [CDS]: { a: 'v1' } } },
      proxies: names.map((name) => ({ name })),
    });
    for (const bytes of writeBatch(replica, deltaOf(nothingReported, own, 0).changes))
      this.emit('data', bytes);
  }
}

interface World {
  readonly peers: Peers;
  readonly clock: FakeClock;
  readonly events: string[];
  readonly call: (identity?: string) => FakeCall;
  readonly names: () => readonly string[];
  /** Proxies that are out of reach, and since when, by the snapshot of a leader that knows these. */
  readonly left: (known?: readonly string[]) => readonly string[];
}

function world(): World {
  const clock = new FakeClock();
  const events: string[] = [];
  const peers = new Peers({
    credentials,
    clock,
    log: createLog('silent'),
    onChange: () => void events.push('change'),
    rebuild: () => void events.push('rebuild'),
    onCounted: ({ workload, points }) => void events.push(`${workload}: ${JSON.stringify(points)}`),
  });
  peers.setLeading(true);
  return {
    peers,
    clock,
    events,
    call: (identity = operatorId) => {
      const call = new FakeCall(identity);
      peers.accept(call as unknown as ReportCall);
      return call;
    },
    left: (known = ['p', 'q']) => {
      const views = known.map((name) => [name, ['shared']] as const);
      const reports = peers.left().reports(snapshotOf({ shared: { [CDS]: { a: 'v1' } } }, views));
      return reports.map(({ workload, leftAtMs }) => `${workload} at ${leftAtMs}`);
    },
    names: () => peers.states().flatMap((it) => [...it.proxies.values()].map(({ workload }) => workload)),
  };
}

describe('the leader', () => {
  test('lets a replica go on, and again after each batch', () => {
    const { call, names, events } = world();
    const stream = call();
    expect(stream.told).toBe(1);

    stream.report('b', 'p');

    expect(stream.told).toBe(2);
    expect(names()).toEqual(['Pod/shop/p']);
    expect(events).toEqual(['rebuild', 'change']);
  });

  test('takes a batch when it is complete, not before', () => {
    const { call, names, events } = world();
    const stream = call();

    stream.emit(
      'data',
      Buffer.from('{"replica":"b","changes":[{"type":"layersGone","layers":[]}],"end":false}'),
    );
    expect(events).toEqual([]);
    stream.report('b', 'p');

    expect(events).toEqual(['rebuild', 'change']);
    expect(names()).toEqual(['Pod/shop/p']);
  });

  test('hands on what sidecars counted, as far as it knows what that is, and nothing changes', () => {
    const { call, events } = world();
    const stream = call();
    stream.report('b', 'p');
    const requests = { metric: 'inbound.requests', tags: { port: '80' }, count: 2, buckets: null };
    const unknown = { ...requests, metric: 'inbound.thoughts' };
    const odd = { ...requests, metric: 'inbound.duration', buckets: [1] };
    const counted = { type: 'counted', workload: 'Pod/shop/p', points: [requests, unknown, odd] };
    events.length = 0;
    stream.emit('data', Buffer.from(JSON.stringify({ replica: 'b', changes: [counted], end: true })));

    const tags = { ...noTags, port: '80' };
    expect(events).toEqual([
      `Pod/shop/p: ${JSON.stringify([{ ...requests, tags }].map(({ metric, count, buckets }) => ({ metric, tags, count, buckets })))}`,
    ]);
    expect(stream.ended).toBeUndefined();
  });

  test('does nothing about a batch with nothing in it, but lets go on', () => {
    const { call, events } = world();
    const stream = call();
    stream.report('b', 'p');
    events.length = 0;

    for (const bytes of writeBatch('b', [])) stream.emit('data', bytes);

    expect(events).toEqual([]);
    expect(stream.told).toBe(3);
  });

  test('counts the proxies of a replica whose stream ended as out of reach, until somebody reports them', async () => {
    const { call, names, left, clock, events } = world();
    const stream = call();
    stream.report('b', 'p', 'q');
    events.length = 0;

    stream.emit('cancelled');
    expect([names(), left()]).toEqual([[], ['Pod/shop/p at 0', 'Pod/shop/q at 0']]);
    expect(events).toEqual(['change']);

    await clock.pass(3000);
    call().report('c', 'q');
    expect([names(), left()]).toEqual([['Pod/shop/q'], ['Pod/shop/p at 0']]);
    call().report('b', 'p');
    expect([names(), left()]).toEqual([['Pod/shop/q', 'Pod/shop/p'], []]);
  });

  test('counts a proxy as out of reach that its replica has lost, and as gone with its workload', async () => {
    const { call, names, left, clock } = world();
    const stream = call();
    stream.report('b', 'p', 'gone');
    await clock.pass(1000);
    const ids = { type: 'proxiesGone', ids: [1, 2] } as const;

    for (const bytes of writeBatch('b', [ids])) stream.emit('data', bytes);

    expect([names(), left(['p', 'q'])]).toEqual([[], ['Pod/shop/p at 1000']]);
    expect(left(['p', 'gone'])).toEqual(['Pod/shop/p at 1000']);
  });

  test('hears a replica on its latest stream only', async () => {
    const { call, names, clock } = world();
    const former = call();
    former.report('b', 'p');
    const latter = call();
    latter.report('b', 'q');

    expect(former.ended).toBe('ABORTED');
    await clock.pass(3000);
    expect(names()).toEqual(['Pod/shop/q']);
  });

  test('hears several replicas', () => {
    const { call, names } = world();
    call().report('b', 'p');
    call().report('c', 'q');

    expect(names()).toEqual(['Pod/shop/p', 'Pod/shop/q']);
  });

  test('ends a stream that says nothing for 10 s', async () => {
    const { call, clock, names } = world();
    const stream = call();
    stream.report('b', 'p');
    await clock.pass(9000);
    for (const bytes of writeBatch('b', [])) stream.emit('data', bytes);
    await clock.pass(9000);
    expect(stream.ended).toBeUndefined();

    await clock.pass(1100);
    expect(stream.ended).toBe('DEADLINE_EXCEEDED');
    await clock.pass(2100);
    expect(names()).toEqual([]);
  });

  test('that no longer leads forgets everything, and sends everybody away', () => {
    const { peers, call, names, clock } = world();
    const stream = call();
    stream.report('b', 'p');

    peers.setLeading(false);

    expect(stream.ended).toBe('FAILED_PRECONDITION');
    expect(names()).toEqual([]);
    expect(call().ended).toBe('FAILED_PRECONDITION');
    expect(clock.pending).toBe(0);
  });

  test.each(['spiffe://cluster.local/ns/shop/sa/app', 'urn:x', `${operatorId}2`])(
    'does not hear %s',
    (who) => {
      const { call, names } = world();
      const stream = call(who);
      stream.report('b', 'p');

      expect(stream.ended).toBe('PERMISSION_DENIED');
      expect(stream.told).toBe(0);
      expect(names()).toEqual([]);
    },
  );
});
