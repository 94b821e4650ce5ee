// What many clients, very large requests and readers that have stopped cost: over real gRPC. The numbers are those of
// test/protocol/README.md.
import { afterEach, expect, test } from '@jest/globals';
import { innerCall } from '../../operator/xds/server/raw-call.ts';
import { typeUrl as url } from '../../operator/envoy/proto/type-urls.ts';
import { connectXds, type Request, type XdsClient } from '../support/xds-client.ts';
import { sample, startXds, type RunningXds } from '../support/xds-server.ts';
import { untilHolds } from '../support/until.ts';

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) {
    // oxlint-disable-next-line no-await-in-loop -- clients before the server
    await close();
  }
});

async function serve(): Promise<RunningXds> {
  const xds = await startXds();
  opened.push(() => xds.stop());
  return xds;
}

function connect(xds: RunningXds): XdsClient {
  const client = connectXds({ port: xds.port, variant: 'delta' });
  opened.push(() => client.close());
  return client;
}

/** Bytes that the server keeps for each of its streams until they are read. */
function unread({ server }: RunningXds): readonly number[] {
  const streams = Reflect.get(server, 'streams') as ReadonlySet<{ readonly call: object }>;
  return [...streams].map(({ call }) => innerCall(call)?.stream.writableLength ?? Infinity);
}

test('14: a hundred proxies that all refuse cause one response each for a change of content, and none for the rest', async () => {
  const xds = await serve();
  const names = Array.from({ length: 100 }, (_, index) => `p${index}`);
  const own = Object.fromEntries(names.map((name) => [`Pod/shop/${name}`, []]));
  const publish = (bad: string, other: string): void =>
    xds.publish({ ...own, shared: [sample(url.listener, 'l', bad), sample(url.route, 'r', other)] });
  publish('bad 0', '0');
  for (const name of names) {
    const client = connect(xds);
    client.onResponse((response) => client.nack(response, 'Error adding/updating listener(s) l: bad'));
    client.start(`Pod~shop~${name}~uid`, url.listener);
  }
  await untilHolds(() => xds.counted.nacked === names.length);
  expect(xds.counted.pushed).toBe(names.length);

  // What they do not subscribe to changes; then what they refused, three times; then it is published again as it is.
  publish('bad 0', '1');
  for (let change = 1; change <= 3; change += 1) {
    publish(`bad ${change}`, '1');
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await untilHolds(() => xds.counted.nacked === names.length * (1 + change));
  }
  publish('bad 3', '2');
  await untilHolds(() => xds.server.proxies().every(({ atRest }) => atRest));

  expect([xds.counted.pushed, xds.counted.nacked]).toEqual([4 * names.length, 4 * names.length]);
});

test('87: a change that concerns one proxy sends the others nothing at all', async () => {
  const xds = await serve();
  const names = Array.from({ length: 100 }, (_, index) => `p${index}`);
  const publish = (mark: string): void => {
    const own = Object.fromEntries(names.map((name) => [`Pod/shop/${name}`, [sample(url.cluster, name)]]));
    xds.publish({
      ...own,
      'Pod/shop/p7': [sample(url.cluster, 'p7', mark)],
      shared: [sample(url.route, 'r')],
    });
  };
  publish('1');
  const heard = new Map<string, number>();
  for (const name of names) {
    const client = connect(xds);
    client.onResponse((response) => {
      heard.set(name, (heard.get(name) ?? 0) + 1);
      client.ack(response);
    });
    client.start(`Pod~shop~${name}~uid`, url.cluster);
  }
  await untilHolds(() => xds.counted.acked === names.length);

  for (const mark of ['2', '3']) {
    publish(mark);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await untilHolds(() => xds.counted.acked === names.length + Number(mark) - 1);
  }

  expect(xds.counted.pushed).toBe(names.length + 2);
  expect([...heard].filter(([, count]) => count > 1)).toEqual([['p7', 3]]);
});

test('74: a request of almost 16 MiB is accepted, a larger one ends the stream', async () => {
  const xds = await serve();
  xds.publish({ 'Pod/shop/cart': [sample(url.cluster, 'a')] });
  const [client, large] = [connect(xds), connect(xds)];
  const ask = (count: number): Request => ({
    nodeId: 'Pod~shop~cart~uid',
    typeUrl: url.cluster,
    initialVersions: new Map(names(count).map((name) => [name.padEnd(500, 'x'), '1'])),
  });
  const names = (count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `gone-${index}`);

  client.send(ask(32_500));
  large.send(ask(33_200));

  expect((await client.next()).resources.map((it) => it.name)).toEqual(['a']);
  expect(await large.end()).toMatchObject({ status: 'RESOURCE_EXHAUSTED' });
});

test('73: readers that have stopped cost bounded memory, whatever is published meanwhile, and delay nobody', async () => {
  const xds = await serve();
  const stuckNames = Array.from({ length: 20 }, (_, index) => `stuck${index}`);
  const megabyte = 'x'.repeat(1_000_000);
  const publish = (mark: string): void =>
    xds.publish({
      ...Object.fromEntries(['reader', ...stuckNames].map((name) => [`Pod/shop/${name}`, []])),
      shared: [sample(url.cluster, 'a', `${mark}:${megabyte}`)],
    });
  publish('0');
  const stuck = stuckNames.map((name) => {
    const client = connect(xds);
    client.start(`Pod~shop~${name}~uid`, url.cluster);
    return client;
  });
  const reader = connect(xds);
  reader.start('Pod~shop~reader~uid', url.cluster);
  for (const client of [...stuck, reader]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    client.ack(await client.next());
  }
  await untilHolds(() => xds.counted.acked === stuck.length + 1);
  for (const client of stuck) client.stopReading();

  const delays: number[] = [];
  for (let round = 1; round <= 10; round += 1) {
    const at = performance.now();
    publish(`${round}`);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const response = await reader.next();
    delays.push(performance.now() - at);
    expect(JSON.stringify(response.resources[0]?.message?.['alt_stat_name']).startsWith(`"${round}:`)).toBe(
      true,
    );
    reader.ack(response);
  }

  // Each of them one response, of 10 that were due, and of that one piece.
  const pushed = 2 * stuck.length + 1 + 10;
  await untilHolds(() => xds.counted.pushed >= pushed);
  expect(xds.counted.pushed).toBe(pushed);
  expect(Math.max(...unread(xds))).toBeLessThan(100_000);
  expect(delays.toSorted((a, b) => a - b)[5]).toBeLessThan(1_000);
});
