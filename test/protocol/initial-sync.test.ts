// Who may begin, and when: new proxies, those that nobody knows, and those that come before there is anything to serve.
// The numbers are those of test/protocol/README.md.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { InitialSyncLimiter } from '../../operator/xds/server/initial-sync-limiter.ts';
import { typeUrl as url } from '../../operator/envoy/proto/type-urls.ts';
import { connectXds, type XdsClient } from '../support/xds-client.ts';
import { sample, startXds, type RunningXds, type StartOptions } from '../support/xds-server.ts';
import { untilHolds } from '../support/until.ts';

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) {
    // oxlint-disable-next-line no-await-in-loop -- clients before the server
    await close();
  }
});

async function serve(options: StartOptions = {}): Promise<RunningXds> {
  const xds = await startXds(options);
  opened.push(() => xds.stop());
  return xds;
}

/** A proxy that asks for its clusters. */
function proxy(xds: RunningXds, name: string): XdsClient {
  const client = connectXds({ port: xds.port, variant: 'delta' });
  opened.push(() => client.close());
  client.start(`Pod~shop~${name}~uid`, url.cluster);
  return client;
}

/** One cluster, for each of these proxies. */
function publish(xds: RunningXds, names: readonly string[], mark = '1'): void {
  const own = Object.fromEntries(names.map((name) => [`Pod/shop/${name}`, []]));
  xds.publish({ ...own, shared: [sample(url.cluster, 'a', mark)] });
}

describe('what is not there yet', () => {
  test('7: a proxy that comes before the first snapshot waits, but not for ever: another replica may have one', async () => {
    const client = proxy(await serve({ waitTimeoutMs: 50 }), 'cart');

    expect(await client.end()).toEqual({
      status: 'UNAVAILABLE',
      details: 'this replica has no configuration to serve yet',
    });
  });

  test('5, 7: what a proxy sent that waits is read once there is a snapshot: if it is damaged, the stream ends', async () => {
    const xds = await serve();
    const client = connectXds({ port: xds.port, variant: 'delta' });
    opened.push(() => client.close());
    client.send({ nodeId: 'Pod~shop~cart~uid', typeUrl: url.cluster });
    // initial_resource_versions = 5, two bytes: a key of nine bytes that are not there. type_url = 2.
    const type = Buffer.from(url.listener);
    client.sendBytes(Buffer.concat([Buffer.of(0x2a, 2, 0x0a, 9, 0x12, type.length), type]));
    await untilHolds(() => xds.server.connectedWorkloads().size === 1);

    publish(xds, ['cart']);

    expect(await client.end()).toMatchObject({
      status: 'INVALID_ARGUMENT',
      details: expect.stringContaining('not a map of initial_resource_versions'),
    });
  });

  test('7: a proxy of a workload that nobody knows waits, but not for ever', async () => {
    const xds = await serve({ waitTimeoutMs: 50, identityOf: () => undefined });
    publish(xds, []);

    expect(await proxy(xds, 'cart').end()).toEqual({
      status: 'UNAVAILABLE',
      details: 'no workload is known for node "Pod~shop~cart~uid"',
    });
  });

  test('7: a proxy that was given its configuration is not sent away later', async () => {
    const xds = await serve({ waitTimeoutMs: 50 });
    publish(xds, ['cart']);
    const [known, unknown] = [proxy(xds, 'cart'), connectXds({ port: xds.port, variant: 'delta' })];
    opened.push(() => unknown.close());
    known.ack(await known.next());
    // Says nothing at all, and came later.
    expect((await unknown.end()).status).toBe('UNAVAILABLE');

    publish(xds, ['cart'], '2');

    expect((await known.nextThat(({ resources }) => resources.length > 0)).typeUrl).toBe(url.cluster);
  });
});

describe('many at once', () => {
  const names = Array.from({ length: 10 }, (_, index) => `p${index}`);

  test('78: so many proxies begin at a time; the next one when one has all it is to have', async () => {
    const xds = await serve({ initialSync: { places: 2, holdMs: 60_000, idleMs: 60_000 } });
    publish(xds, names);
    const clients = names.map((name) => proxy(xds, name));
    await untilHolds(() => xds.server.proxies().length === names.length);

    const order: string[] = [];
    const served = clients.map(async (client, index) => {
      const response = await client.next();
      order.push(names[index] ?? '');
      // Whoever has not answered yet keeps its place.
      expect(xds.counted.pushed - xds.counted.acked).toBeLessThanOrEqual(2);
      client.ack(response);
    });
    await Promise.all(served);

    expect(order.toSorted()).toEqual(names);
    await untilHolds(() => xds.counted.acked === names.length);
    expect(xds.counted.pushed).toBe(names.length);
  });

  test('78: a proxy that comes back with all there is needs no place', async () => {
    const xds = await serve({ initialSync: { places: 1, holdMs: 60_000, idleMs: 60_000 } });
    publish(xds, names);
    const first = proxy(xds, 'p0');
    const { resources } = await first.next();
    const initialVersions = new Map(resources.map(({ name, version }) => [name, version]));
    const back = connectXds({ port: xds.port, variant: 'delta' });
    opened.push(() => back.close());

    // The first one has not answered, and keeps the only place.
    back.send({ nodeId: 'Pod~shop~p1~uid', typeUrl: url.cluster, initialVersions });

    expect(await back.next()).toMatchObject({ typeUrl: url.cluster, resources: [], removed: [] });
  });

  test('78: of a proxy that waits nobody says what it lacks: it is not at rest', async () => {
    const xds = await serve({ initialSync: { places: 1, holdMs: 60_000, idleMs: 60_000 } });
    publish(xds, names);
    await proxy(xds, 'p0').next();
    proxy(xds, 'p1');
    const report = (): unknown =>
      xds.server.proxies().find(({ nodeId, workload }) => workload !== '' && nodeId.includes('p1'));
    await untilHolds(() => report() !== undefined);

    expect(report()).toMatchObject({ layers: [], lagging: [], rejected: [], atRest: false });
  });

  test('78: those that have begun before get every change, whoever waits', async () => {
    const xds = await serve({ initialSync: { places: 1, holdMs: 60_000, idleMs: 60_000 } });
    publish(xds, names);
    const old = proxy(xds, 'p0');
    old.ack(await old.next());
    await untilHolds(() => xds.counted.acked === 1);
    // One takes the only place and does not answer, the others wait for it.
    const [newcomer, ...others] = names.slice(1).map((name) => proxy(xds, name));
    await newcomer?.next();
    await untilHolds(() => xds.server.proxies().length === names.length);

    publish(xds, names, '2');

    expect((await old.next()).resources.map(({ message }) => message?.['alt_stat_name'])).toEqual(['2']);
    expect(xds.counted.pushed).toBe(3);
    // Who leaves makes room, and the next one is shown what is published by now.
    newcomer?.close();
    const next = await Promise.race(others.map((it) => it.next()));
    expect(next.resources.map(({ message }) => message?.['alt_stat_name'])).toEqual(['2']);
  });
});

describe('places', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test('78: are given in the order of arrival, and given up after a while by who is slow', () => {
    const begun: string[] = [];
    const limiter = new InitialSyncLimiter<string>({ places: 1, holdMs: 500, idleMs: 60_000 });
    for (const name of ['a', 'b', 'c', 'b']) limiter.acquire(name, () => begun.push(name));
    limiter.release('b');

    jest.advanceTimersByTime(499);
    expect(begun).toEqual(['a']);
    jest.advanceTimersByTime(1);
    expect(begun).toEqual(['a', 'c']);
    limiter.release('c');
    limiter.acquire('d', () => begun.push('d'));
    expect(begun).toEqual(['a', 'c', 'd']);
  });

  test('78: a process that is on time lets in more than it has places for, one after the other; a busy one does not', () => {
    let nowMs = 0;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const pass = (ms: number): void => {
      nowMs += ms;
      jest.advanceTimersByTime(5);
    };
    const begun: string[] = [];
    const limiter = new InitialSyncLimiter<string>({ places: 1, idleMs: 5, holdMs: 500 });
    for (const name of ['a', 'b', 'c', 'd']) limiter.acquire(name, () => begun.push(name));

    pass(5);
    expect(begun).toEqual(['a', 'b']);
    pass(30);
    expect(begun).toEqual(['a', 'b']);
    pass(5);
    expect(begun).toEqual(['a', 'b', 'c']);
    clock.mockRestore();
  });
});
