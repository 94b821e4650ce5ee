// What one client may ask for, over real gRPC, and that others do not pay for it. The numbers are those of test/protocol/README.md.
import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { afterEach, describe, expect, test } from '@jest/globals';
import { typeUrl as url } from '../../operator/envoy/proto/type-urls.ts';
import type { StartOptions } from '../support/xds-server.ts';
import { encodeDeltaRequest } from '../support/envoy/discovery-client.ts';
import { rememberingLog } from '../support/remembering-log.ts';
import { SessionDriver } from '../support/session-driver.ts';
import { connectXds, type XdsClient } from '../support/xds-client.ts';
import { sample, startXds, type RunningXds } from '../support/xds-server.ts';
import { CDS, EDS, SDS } from '../support/xds-world.ts';
import { untilHolds } from '../support/until.ts';

const cart = 'Pod~shop~cart~uid';

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

function connect(xds: RunningXds, variant: 'delta' | 'sotw' = 'delta'): XdsClient {
  const client = connectXds({ port: xds.port, variant });
  opened.push(() => client.close());
  return client;
}

const names = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, index) => `service-${from + index}`);

const tooMany = {
  status: 'RESOURCE_EXHAUSTED',
  details: 'more than 50000 names of one type: ask for fewer, or for the wildcard "*"',
};

describe.each(['delta', 'sotw'] as const)('102: the names of a %s stream', (variant) => {
  test('102: 50,000 of a type are served, one more ends the stream', async () => {
    const xds = await serve();
    xds.publish({ 'Pod/shop/cart': [sample(url.endpoint, 'service-7'), sample(url.secret, 'service-7')] });
    const client = connect(xds, variant);

    for (const type of [url.endpoint, url.secret]) {
      client.start(cart, type, names(50_000));
      // oxlint-disable-next-line no-await-in-loop -- one type after the other
      expect((await client.next()).resources.map(({ name }) => name)).toEqual(['service-7']);
    }
    client.start(cart, url.endpoint, names(50_001));

    expect(await client.end()).toEqual(tooMany);
  });

  test('102: a name of 512 bytes is served, a longer one ends the stream', async () => {
    const xds = await serve();
    xds.publish({ 'Pod/shop/cart': [sample(url.endpoint, 'x'.repeat(512))] });
    const client = connect(xds, variant);

    client.start(cart, url.endpoint, ['x'.repeat(512)]);
    expect((await client.next()).resources).toHaveLength(1);
    client.start(cart, url.endpoint, ['x'.repeat(513)]);

    expect(await client.end()).toEqual({
      status: 'RESOURCE_EXHAUSTED',
      details: 'the name or version of a resource is longer than 512 bytes: use a shorter one',
    });
  });
});

describe('102: what a delta stream gathers', () => {
  test('102: names that come in many requests are counted together', async () => {
    const xds = await serve();
    xds.publish({ 'Pod/shop/cart': [] });
    const client = connect(xds);

    for (let from = 0; from <= 50_000; from += 10_000) client.start(cart, url.secret, names(10_000, from));

    expect(await client.end()).toEqual(tooMany);
  });

  test('102: versions of more than 50,000 resources end the stream', async () => {
    const xds = await serve();
    xds.publish({ 'Pod/shop/cart': [] });
    const client = connect(xds);

    const initialVersions = new Map(names(50_001).map((name) => [name, '1']));
    client.send({ nodeId: cart, typeUrl: url.cluster, initialVersions });

    expect(await client.end()).toEqual(tooMany);
  });
});

describe('103: before there is a configuration', () => {
  const early =
    'no configuration is here yet, and until then a stream may send 64 requests of 8388608 bytes together: wait for the first response';

  test('103: a stream may send 64 requests', async () => {
    const xds = await serve();
    const client = connect(xds);
    const other = connect(xds);
    for (let count = 0; count < 64; count += 1) other.start('Pod~shop~other~uid', url.cluster);

    for (let count = 0; count < 65; count += 1) client.start(cart, url.cluster);

    expect(await client.end()).toEqual({ status: 'RESOURCE_EXHAUSTED', details: early });
    xds.publish({ 'Pod/shop/other': [sample(url.cluster, 'a')] });
    expect((await other.next()).resources).toHaveLength(1);
  });

  test('103: and 8 MiB', async () => {
    const xds = await serve();
    const client = connect(xds);
    const long = 'x'.repeat(490);

    for (const type of [url.cluster, url.endpoint])
      client.send({ nodeId: cart, typeUrl: type, subscribe: names(9_000).map((name) => name + long) });

    expect(await client.end()).toEqual({ status: 'RESOURCE_EXHAUSTED', details: early });
  });
});

test('104: a connection carries four streams: the fifth is refused, and the others go on', async () => {
  const xds = await serve();
  xds.publish({ 'Pod/shop/cart': [sample(url.cluster, 'a')] });
  const first = connect(xds);
  const streams = [first, first.another(), first.another(), first.another()];
  for (const stream of streams) {
    stream.start(cart, url.cluster);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    stream.ack(await stream.next());
  }

  const fifth = first.another();
  fifth.start(cart, url.cluster);

  expect(await fifth.end()).toEqual({
    status: 'RESOURCE_EXHAUSTED',
    details: 'a connection carries at most 4 streams: end one first',
  });
  xds.publish({ 'Pod/shop/cart': [sample(url.cluster, 'a', '2')] });
  for (const stream of streams) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect((await stream.next()).resources).toHaveLength(1);
  }
});

test('112: a connection ends with the hundred-and-first stream that it begins, and the log does not grow with them', async () => {
  const { log, lines } = rememberingLog();
  const xds = await serve({ log });
  const connection = connectHttp2(`http://127.0.0.1:${xds.port}`).on('error', () => undefined);
  opened.push(() => connection.destroy());
  const closed = once(connection, 'close');
  await once(connection, 'connect');

  for (let begun = 0; begun < 600 && !connection.destroyed; begun += 1) {
    const stream = connection.request({
      ':method': 'POST',
      ':path': '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => undefined);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await untilHolds(() => xds.counted.begun > begun || connection.destroyed);
    stream.close(constants.NGHTTP2_CANCEL);
  }
  await closed;

  expect(xds.counted.begun).toBeLessThanOrEqual(101);
  expect(lines.filter(({ message }) => message !== 'serving xds')).toEqual([]);
});

describe('105: a small request', () => {
  /** Milliseconds for a thousand requests, each for one name more or less, on a stream that holds so many. */
  function thousandRequests(held: number, type: typeof EDS | typeof SDS): number {
    const driver = new SessionDriver();
    driver.publish({ [CDS]: 'a@1', [EDS]: 'a@1', [SDS]: 'a@1' });
    driver.request(type, { subscribe: names(held) });
    driver.ack(type);
    const start = performance.now();
    for (let index = 0; index < 500; index += 1) {
      driver.request(type, { subscribe: [`other-${index}`] });
      driver.request(type, { unsubscribe: [`service-${index}`] });
    }
    return performance.now() - start;
  }

  test.each([EDS, SDS])('105: costs what it changes, not what the stream holds: %s', (type) => {
    const best = { few: Infinity, many: Infinity };
    const ratio = (): number => best.many / best.few;
    // Twenty times the names. To copy them each time would be twenty times the time, on a busy machine too: the best of many is what it costs.
    for (let tries = 0; tries < 40 && !(ratio() < 8); tries += 1) {
      best.few = Math.min(best.few, thousandRequests(2_000, type));
      best.many = Math.min(best.many, thousandRequests(40_000, type));
    }

    expect(ratio()).toBeLessThan(8);
  });

  test('105: is not burdened with names of another type that nobody has', () => {
    const driver = new SessionDriver('sotw');
    driver.publish({ [CDS]: 'a@1', [EDS]: 'a@1', [SDS]: 'a@1' });
    driver.sotw(SDS, { names: names(50_000) });
    driver.sotw(EDS, { names: ['a'] });
    const start = performance.now();
    for (let index = 0; index < 1_000; index += 1) driver.sotw(EDS, { names: ['a'], nonce: 'stale' });

    expect(performance.now() - start).toBeLessThan(1_000);
  });
});

describe('106: clients that never rest', () => {
  test('106: delay others by less than a second', async () => {
    const xds = await serve();
    const noisy = Array.from({ length: 6 }, (_, index) => `noisy-${index}`);
    const publish = (mark: string): void =>
      xds.publish(
        Object.fromEntries(
          [...noisy, 'quiet'].map((name) => [`Pod/shop/${name}`, [sample(url.cluster, name, mark)]]),
        ),
      );
    publish('0');
    const quiet = connect(xds);
    quiet.start('Pod~shop~quiet~uid', url.cluster);
    quiet.ack(await quiet.next());
    const over = new AbortController();
    const floods = noisy.map(async (name) => {
      const client = connect(xds);
      client.onResponse((response) => client.ack(response));
      // Everything it may hold is dropped and asked for again. Encoded before: the client lives in this process, too.
      const requests = [0, 1].map((half) =>
        encodeDeltaRequest({
          nodeId: `Pod~shop~${name}~uid`,
          typeUrl: url.endpoint,
          subscribe: names(25_000, 25_000 * half),
          unsubscribe: names(25_000, 25_000 * (1 - half)),
        }),
      );
      for (let round = 0; !over.signal.aborted; round += 1) {
        client.sendBytes(requests[round % 2] ?? Buffer.alloc(0));
        // oxlint-disable-next-line no-await-in-loop -- it floods, and does not exhaust the client's memory
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });

    const delays: number[] = [];
    for (let round = 1; round <= 20; round += 1) {
      const at = performance.now();
      publish(`${round}`);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      quiet.ack(await quiet.next());
      delays.push(performance.now() - at);
    }
    over.abort();
    await Promise.all(floods);

    // Half of them: this process is also that of the clients.
    expect(delays.toSorted((a, b) => a - b)[10]).toBeLessThan(1_000);
  });

  test('106: two thousand streams of one client do not keep a newcomer waiting', async () => {
    const xds = await serve();
    const clusters = names(500).map((name) => sample(url.cluster, name));
    xds.publish({ 'Pod/shop/noisy': [], 'Pod/shop/cart': [], shared: clusters });
    const first = connect(xds);
    first.start('Pod~shop~noisy~uid', url.cluster);
    await first.next();
    // None of them acknowledges anything.
    for (let count = 0; count < 2_000; count += 1) first.another().start('Pod~shop~noisy~uid', url.cluster);
    await untilHolds(() => xds.counted.begun > 1);

    const at = performance.now();
    const newcomer = connect(xds);
    newcomer.start(cart, url.cluster);
    expect((await newcomer.next()).resources).toHaveLength(500);

    // Without turns it is eleven seconds on an idle machine.
    expect(performance.now() - at).toBeLessThan(5_000);
  });

  test('106: connections of one address without a known proxy are bounded', async () => {
    const identityOf = (workload: string): string | undefined =>
      workload === 'Pod/shop/cart' ? 'cart' : undefined;
    const xds = await serve({ identityOf, waitTimeoutMs: 200 });
    xds.publish({ 'Pod/shop/cart': [sample(url.cluster, 'a')] });
    const unknown = Array.from({ length: 256 }, () => {
      const client = connect(xds);
      client.start('Pod~shop~unknown~uid', url.cluster);
      return client;
    });
    await untilHolds(() => xds.counted.begun === 256);
    const late = connect(xds);
    late.start(cart, url.cluster);
    // Their streams end, their connections stay.
    await Promise.all(unknown.map((client) => client.end()));
    expect(xds.counted.begun).toBe(256);

    for (const client of unknown) client.close();

    expect((await late.next()).resources).toHaveLength(1);
  });
});
