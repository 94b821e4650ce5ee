// XDS rules that show only on the wire: over real gRPC, with a client of our own. The numbers are those of
// test/protocol/README.md.
import { afterEach, describe, expect, test } from '@jest/globals';
import { encodeAny } from '../../operator/envoy/proto/registry.ts';
import { typeUrl as url } from '../../operator/envoy/proto/type-urls.ts';
import type { TypeUrl } from '../../operator/envoy/proto/type-urls.ts';
import { connectXds, within, type ConnectOptions, type XdsClient } from '../support/xds-client.ts';
import { sample, startXds, type RunningXds, type StartOptions } from '../support/xds-server.ts';
import { untilHolds } from '../support/until.ts';

const cart = 'Pod~shop~cart~uid-1';
const other = 'Pod~shop~other~uid-2';
const variants = ['delta', 'sotw'] as const;

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

async function serveCart(clusters = 'a@1', endpoints = 'a@1'): Promise<RunningXds> {
  const xds = await serve();
  publish(xds, clusters, endpoints);
  return xds;
}

/** To the workload cart: `a@1 b@2`, names and what marks their content. */
function publish(xds: RunningXds, clusters: string, endpoints = ''): void {
  const resources = [...samples(url.cluster, clusters), ...samples(url.endpoint, endpoints)];
  xds.publish({ 'Pod/shop/cart': resources });
}

function samples(type: TypeUrl, words: string): ReturnType<typeof sample>[] {
  return words
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => sample(type, ...(word.split('@') as [string, string])));
}

function connect(xds: RunningXds, variant: ConnectOptions['variant'] = 'delta'): XdsClient {
  const client = connectXds({ port: xds.port, variant });
  opened.push(() => client.close());
  return client;
}

function marks(response: Awaited<ReturnType<XdsClient['next']>>): string[] {
  return response.resources.map(
    ({ name, message }) =>
      `${name}@${JSON.stringify(message?.['alt_stat_name'] ?? null).replaceAll('"', '')}`,
  );
}

describe.each(variants)('a %s stream and its node', (variant) => {
  test.each([
    ['no node', null],
    ['an empty node id', ''],
  ])('1: that begins with %s is ended with INVALID_ARGUMENT, and sent nothing', async (_what, nodeId) => {
    const client = connect(await serveCart(), variant);

    client.send({ nodeId, typeUrl: url.cluster });

    expect(await client.end()).toEqual({
      status: 'INVALID_ARGUMENT',
      details: 'the first request of a stream needs node.id',
    });
    await expect(client.next()).rejects.toThrow('the stream ended');
  });

  test('1: a node id that is none of ours is refused, and says how it should be', async () => {
    const client = connect(await serveCart(), variant);

    client.start('sidecar~10.0.0.1', url.cluster);

    expect(await client.end()).toEqual({
      status: 'INVALID_ARGUMENT',
      details: 'node.id must be <Kind>~<namespace>~<name>~<uid>, got "sidecar~10.0.0.1"',
    });
  });

  test('1: a node id of a megabyte ends its stream with a short text, and no other of the connection', async () => {
    const client = connect(await serveCart(), variant);
    const [long, longer] = [client.another(), client.another()];

    long.start(`sidecar~${'x'.repeat(1_000)}`, url.cluster);
    longer.start('x'.repeat(1_000_000), url.cluster);
    client.start(cart, url.cluster);

    const details = `node.id must be <Kind>~<namespace>~<name>~<uid>, got "sidecar~${'x'.repeat(92)}…"`;
    expect(await long.end()).toEqual({ status: 'INVALID_ARGUMENT', details });
    expect(await longer.end()).toEqual({
      status: 'INVALID_ARGUMENT',
      details: 'the request cannot be read: node.id is longer than 1024 bytes',
    });
    expect((await client.next()).typeUrl).toBe(url.cluster);
  });

  test('2: the node comes once a stream, and counts for every type', async () => {
    const client = connect(await serveCart(), variant);
    client.start(cart, url.cluster);
    await client.next();

    client.send({ typeUrl: url.endpoint, names: ['a'], subscribe: ['a'] });

    expect((await client.next()).typeUrl).toBe(url.endpoint);
  });

  test('3: another node id later ends the stream, and shows nobody else’s configuration', async () => {
    const xds = await serve();
    xds.publish({ 'Pod/shop/cart': [], 'Pod/shop/other': [sample(url.cluster, 'theirs')] });
    const client = connect(xds, variant);
    client.start(cart, url.cluster);
    expect((await client.next()).resources).toEqual([]);

    client.start(other, url.listener);

    expect(await client.end()).toEqual({
      status: 'INVALID_ARGUMENT',
      details: 'node.id changed during the stream',
    });
    expect(xds.server.proxies().filter(({ leftAtMs }) => leftAtMs === null)).toEqual([]);
  });

  test('3: the same node again changes nothing', async () => {
    const client = connect(await serveCart(), variant);
    client.start(cart, url.cluster);
    await client.next();

    client.start(cart, url.endpoint, ['a']);

    expect((await client.next()).typeUrl).toBe(url.endpoint);
  });

  test('4: a request of no type ends the stream with INVALID_ARGUMENT', async () => {
    const client = connect(await serveCart(), variant);

    client.send({ nodeId: cart });

    expect(await client.end()).toEqual({ status: 'INVALID_ARGUMENT', details: 'type_url is empty' });
  });

  test('5: a type that is not served disturbs nobody', async () => {
    const client = connect(await serveCart(), variant);

    client.send({
      nodeId: cart,
      typeUrl: 'type.googleapis.com/envoy.service.runtime.v3.Runtime',
    });
    client.send({ typeUrl: url.cluster });

    expect(marks(await client.next())).toEqual(['a@1']);
  });

  test('5: bytes that are no request end the stream and leave the server well', async () => {
    const xds = await serveCart();
    const [broken, sound] = [connect(xds, variant), connect(xds, variant)];

    broken.sendBytes(Buffer.from('ffffffff', 'hex'));

    expect(await broken.end()).toMatchObject({ status: 'INVALID_ARGUMENT' });
    sound.start(cart, url.cluster);
    expect(marks(await sound.next())).toEqual(['a@1']);
  });

  test('6: two streams of one node live apart, and one may end', async () => {
    const xds = await serveCart();
    const [first, second] = [connect(xds, variant), connect(xds, variant)];
    first.start(cart, url.cluster);
    first.ack(await first.next());
    second.start(cart, url.cluster);
    second.ack(await second.next());

    first.halfClose();
    expect(await first.end()).toEqual({ status: 'OK', details: 'OK' });
    publish(xds, 'a@2');

    expect(marks(await second.next())).toEqual(['a@2']);
    expect(xds.server.proxies().map((it) => it.workload)).toEqual(['Pod/shop/cart']);
  });

  test('7, 62: before the first snapshot nothing is served, and then at once', async () => {
    const xds = await serve();
    const client = connect(xds, variant);
    client.start(cart, url.cluster);
    await untilHolds(() => xds.server.proxies().length === 1);

    publish(xds, 'a@1');

    expect(marks(await client.next())).toEqual(['a@1']);
    expect(xds.counted.pushed).toBe(1);
  });

  test('71: every response says which control plane it is from', async () => {
    const client = connect(await serveCart(), variant);
    client.start(cart, url.cluster);

    expect((await client.next()).controlPlane).toBe('replica-1/test');
  });

  test('85: a refusal is in the report of its proxy, until the resource changes and is accepted', async () => {
    const xds = await serveCart('a@1');
    const client = connect(xds, variant);
    client.start(cart, url.cluster);

    client.nack(await client.next(), 'Error adding/updating cluster(s) a: no such thing');
    await untilHolds(() => xds.counted.nacked === 1);
    const [report] = xds.server.proxies();
    publish(xds, 'a@2');
    client.ack(await client.next());
    await untilHolds(() => xds.counted.acked === 1);

    expect(report).toMatchObject({
      workload: 'Pod/shop/cart',
      nodeId: cart,
      rejected: [{ name: 'a', message: 'Error adding/updating cluster(s) a: no such thing' }],
    });
    expect(xds.server.proxies()).toMatchObject([{ lagging: [], rejected: [], atRest: true }]);
  });

  test('88: types that are published together arrive together', async () => {
    const xds = await serveCart('a@0', 'a@0');
    const client = connect(xds, variant);
    client.start(cart, url.cluster);
    client.send({ typeUrl: url.endpoint, names: ['a'], subscribe: ['a'] });
    client.ack(await client.next());
    client.ack(await client.next(), ['a']);
    await untilHolds(() => xds.counted.acked === 2);

    publish(xds, 'a@1', 'a@1');
    const [clusters, endpoints] = [await client.next(), await client.next()];

    expect(marks(clusters)).toEqual(['a@1']);
    expect(endpoints.resources[0]?.message).toMatchObject({ endpoints: [{ locality: { zone: '1' } }] });
  });

  test('89: what a proxy had that went away is known as long as its workload is there, and no longer', async () => {
    const xds = await serveCart();
    const client = connect(xds, variant);
    client.start(cart, url.cluster);
    await client.next();

    client.close();
    await untilHolds(() => xds.counted.streams === 0);

    const reports = xds.server.proxies();
    expect(reports.map(({ workload, leftAtMs }) => [workload, leftAtMs])).toEqual([
      ['Pod/shop/cart', expect.any(Number)],
    ]);
    expect([...xds.server.connectedWorkloads()]).toEqual(['Pod/shop/cart']);
    xds.publish({ 'Pod/shop/other': [] });
    expect(xds.server.proxies()).toEqual([]);
  });
});

describe('what a response holds', () => {
  test('38: delta: each resource has its name, its version and itself; the response has a nonce', async () => {
    const client = connect(await serveCart('a@1 b@1'));
    client.start(cart, url.cluster);

    const { typeUrl, nonce, resources, removed } = await client.next();

    expect({ typeUrl, nonce, resources, removed }).toEqual({
      typeUrl: url.cluster,
      nonce: expect.stringMatching(/^\d+$/),
      removed: [],
      resources: ['a', 'b'].map((name) => ({
        name,
        version: expect.stringMatching(/^[\w-]{16}$/),
        message: { '@type': url.cluster, name, alt_stat_name: '1' },
      })),
    });
  });

  test('38, 48: delta: what is gone is named', async () => {
    const xds = await serveCart('a@1 b@1');
    const client = connect(xds);
    client.start(cart, url.cluster);
    client.ack(await client.next());

    publish(xds, 'b@1');

    expect(await client.next()).toMatchObject({ typeUrl: url.cluster, resources: [], removed: ['a'] });
  });

  test('10, 24: state of the world: type, version and nonce, and every resource of that type once', async () => {
    const client = connect(await serveCart('a@1 b@1'), 'sotw');
    client.start(cart, url.cluster);

    const { typeUrl, nonce, versionInfo, resources } = await client.next();

    expect({ typeUrl, nonce, versionInfo }).toEqual({
      typeUrl: url.cluster,
      nonce: expect.stringMatching(/^\d+$/),
      versionInfo: expect.stringMatching(/^[\w-]{16}$/),
    });
    expect(resources.map((it) => it.message)).toEqual([
      { '@type': url.cluster, name: 'a', alt_stat_name: '1' },
      { '@type': url.cluster, name: 'b', alt_stat_name: '1' },
    ]);
  });

  test('20, 52: another replica gives the same content the same version', async () => {
    const replicas = await Promise.all([serveCart('a@1 b@1'), serveCart('b@1 a@1')]);
    const versions = replicas.map(async (xds) => {
      const [delta, sotw] = [connect(xds), connect(xds, 'sotw')];
      delta.start(cart, url.cluster);
      sotw.start(cart, url.cluster);
      const { resources } = await delta.next();
      const byName = resources.map(({ name, version }) => `${name}@${version}`).toSorted();
      return [...byName, (await sotw.next()).versionInfo];
    });

    const [here, there] = await Promise.all(versions);

    expect(here).toEqual(there);
  });

  test('52: a delta client that reconnects to another replica with all it has is sent no resource', async () => {
    const [here, there] = await Promise.all([serveCart('a@1'), serveCart('a@1')]);
    const first = connect(here);
    first.start(cart, url.cluster);
    const { resources } = await first.next();
    const initialVersions = new Map(resources.map(({ name, version }) => [name, version]));

    const second = connect(there);
    second.send({ nodeId: cart, typeUrl: url.cluster, initialVersions });

    expect(await second.next()).toMatchObject({ resources: [], removed: [] });
  });

  test.each(variants)('resources travel as they were encoded once: %s', async (variant) => {
    const resource = sample(url.cluster, 'a');
    const xds = await serve();
    xds.publish({ 'Pod/shop/cart': [resource] });
    const client = connect(xds, variant);
    client.start(cart, url.cluster);

    const { bytes } = await client.next();

    expect(bytes.includes(Buffer.from(encodeAny(url.cluster, resource.message)))).toBe(true);
  });
});

describe('sizes and slow clients', () => {
  test('73: a client that stops reading costs one response of a type, and delays nobody', async () => {
    const xds = await serve();
    const big = (mark: string): string => `${mark}:${'x'.repeat(1_000_000)}`;
    const clusters = (mark: string): ReturnType<typeof sample>[] => [sample(url.cluster, 'a', big(mark))];
    xds.publish({ 'Pod/shop/cart': clusters('0'), 'Pod/shop/other': clusters('0') });
    const [stuck, reader] = [connect(xds), connect(xds)];
    stuck.start(cart, url.cluster);
    reader.start(other, url.cluster);
    stuck.ack(await stuck.next());
    reader.ack(await reader.next());
    await untilHolds(() => xds.counted.acked === 2);
    stuck.stopReading();

    for (let round = 1; round <= 30; round += 1) {
      xds.publish({ 'Pod/shop/cart': clusters(`${round}`), 'Pod/shop/other': clusters(`${round}`) });
      // oxlint-disable-next-line no-await-in-loop -- one publication after the other
      const response = await reader.next();
      expect(marks(response)[0]?.startsWith(`a@${round}:`)).toBe(true);
      reader.ack(response);
    }

    // Two first responses, thirty to the reader, one that nobody reads.
    expect(xds.counted.pushed).toBe(33);
  });

  test('8, 75: stopping ends every stream within a bound, also that of a client which reads nothing', async () => {
    const xds = await startXds();
    publish(xds, `a@${'x'.repeat(20_000_000)}`);
    const [reader, stuck] = [connect(xds), connect(xds)];
    reader.start(cart, url.cluster);
    await reader.next();
    stuck.start(cart, url.cluster);
    stuck.stopReading();
    await untilHolds(() => xds.counted.pushed === 2);

    await within(5_000, 'the server to stop', xds.stop());

    expect(xds.counted.streams).toBe(0);
    expect(await reader.end()).toEqual({ status: 'OK', details: 'OK' });
  });
});
