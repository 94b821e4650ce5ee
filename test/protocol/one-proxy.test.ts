// A workload's proxy is the one in its pod, and there is one: over real gRPC with mutual TLS, from several addresses. The numbers are
// those of test/protocol/README.md.
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Authority } from '../../operator/certificates/authority.ts';
import { typeUrl as url } from '../../operator/envoy/proto/type-urls.ts';
import { reloadableCredentials } from '../../operator/xds/server/credentials.ts';
import { sourceMismatch, type ExpectedSource } from '../../operator/xds/server/source-address.ts';
import { startTcpProxy, type TcpProxy } from '../support/kubernetes/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { clientEnd, freshAuthority, serverPair } from '../support/xds-certificates.ts';
import { connectXds, type XdsClient } from '../support/xds-client.ts';
import { sample, startXds, type RunningXds } from '../support/xds-server.ts';

const cart = 'Pod~shop~cart-1~uid-1';
const cartKey = 'Pod/shop/cart-1';
const cartId = 'spiffe://cluster.local/ns/shop/sa/cart';
/** Of the pod, and of another one of the same service account. */
const [own, sibling] = ['127.0.0.2', '127.0.0.3'];

let authority: Authority;
beforeAll(async () => {
  authority = await freshAuthority();
});

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) {
    // oxlint-disable-next-line no-await-in-loop -- clients before the server
    await close();
  }
});

interface World {
  readonly xds: RunningXds;
  identity: string;
  place: ExpectedSource;
  /** Told of second proxies. */
  readonly told: string[];
  publish(mark: string): void;
  /** The network between an address and the server. */
  network(address: string): Promise<TcpProxy>;
  connect(network: TcpProxy): Promise<XdsClient>;
}

async function start(waitTimeoutMs = 300): Promise<World> {
  const reloadable = reloadableCredentials();
  const told: string[] = [];
  const xds = await startXds({
    credentials: reloadable.credentials,
    identityOf: () => world.identity,
    sourceOf: () => world.place,
    onSecondProxy: (workload) => told.push(workload),
    waitTimeoutMs,
  });
  opened.push(() => xds.stop());
  reloadable.update(await serverPair(authority));
  const world: World = {
    xds,
    identity: cartId,
    place: { kind: 'Pod', uid: 'uid-1', addresses: [own] },
    told,
    publish: (mark) => xds.publish({ [cartKey]: [sample(url.cluster, 'a', mark)] }),
    network: async (address) => {
      const proxy = await startTcpProxy(xds.port, address);
      opened.push(() => proxy.stop());
      return proxy;
    },
    connect: async ({ port }) => {
      const { credentials } = await clientEnd(authority, cartId);
      const client = connectXds({ port, variant: 'delta', credentials });
      opened.push(() => client.close());
      return client;
    },
  };
  world.publish('1');
  return world;
}

/** The proxy of the pod, which has acknowledged what there is. */
async function proxyOf(world: World, network: TcpProxy): Promise<XdsClient> {
  const client = await world.connect(network);
  client.start(cart, url.cluster);
  client.ack(await client.next());
  await until('it is current', () => world.xds.server.proxies().some(({ lagging }) => lagging.length === 0));
  return client;
}

describe('107: where a proxy comes from', () => {
  test('107: a pod cannot speak as another one of its service account, whose proxy is stopped', async () => {
    const world = await start();
    const network = await world.network(own);
    await proxyOf(world, network);
    network.freeze();
    world.publish('2');

    const thief = await world.connect(await world.network(sibling));
    thief.start(cart, url.cluster);

    expect(await thief.end()).toEqual({
      status: 'PERMISSION_DENIED',
      details: `127.0.0.3 is not an address of ${cartKey}: proxies must connect from their own pod; if the network hides pod addresses, start the operator with --source-addresses=hidden`,
    });
    expect(world.xds.server.proxies()).toMatchObject([{ lagging: [{ name: 'a' }] }]);
  });

  test('107: where addresses are hidden the certificate counts alone', async () => {
    const world = await start();
    world.place = { ...world.place, addresses: null };

    const client = await world.connect(await world.network(sibling));
    client.start(cart, url.cluster);

    expect((await client.next()).resources).toHaveLength(1);
  });

  test('107: a pod that has another address by now is served there as soon as it is known', async () => {
    const world = await start();
    const client = await world.connect(await world.network(sibling));
    client.start(cart, url.cluster);
    await until('it has come', () => world.xds.counted.streams === 1);

    world.place = { ...world.place, addresses: [sibling] };
    world.publish('2');

    expect((await client.next()).resources).toHaveLength(1);
  });
});

describe('108: which pod it is', () => {
  test.each(['uid-2', ''])(
    '108: a uid that is not that of the pod is neither served nor counted: %s',
    async (uid) => {
      const world = await start();

      const client = await world.connect(await world.network(own));
      client.start(`Pod~shop~cart-1~${uid}`, url.cluster);

      expect(await client.end()).toMatchObject({ status: 'PERMISSION_DENIED' });
      expect([world.xds.server.proxies(), world.xds.counted.pushed]).toEqual([[], 0]);
    },
  );

  test('108: the stream of a pod ends when another one has its name', async () => {
    const world = await start();
    const client = await proxyOf(world, await world.network(own));

    world.place = { ...world.place, uid: 'uid-2' };
    world.publish('2');

    expect(await client.end()).toMatchObject({ status: 'PERMISSION_DENIED' });
  });

  test('108: a stream ends when its workload has another service account', async () => {
    const world = await start();
    const client = await proxyOf(world, await world.network(own));

    world.identity = 'spiffe://cluster.local/ns/shop/sa/other';
    world.publish('2');

    expect(await client.end()).toEqual({
      status: 'PERMISSION_DENIED',
      details: 'the workload has another service account by now',
    });
  });

  test('108: one that bears the former service account has nothing that its workload is to have, until it comes back with the new one', async () => {
    const world = await start();
    const client = await proxyOf(world, await world.network(own));
    const lacking = (): unknown =>
      world.xds.server.proxies().map(({ lagging }) => lagging.map(({ name }) => name));

    world.identity = 'spiffe://cluster.local/ns/shop/sa/other';
    world.publish('1');
    await client.end();
    await until('it has left', () => world.xds.counted.streams === 0);

    expect(lacking()).toEqual([['a']]);
    world.identity = cartId;
    expect(lacking()).toEqual([[]]);
  });
});

describe('109: one proxy for a workload', () => {
  test('109: a second one is refused while the first is alive, and people are told', async () => {
    const world = await start();
    const network = await world.network(own);
    const first = await proxyOf(world, network);

    const second = await world.connect(network);
    second.start(cart, url.cluster);

    expect(await second.end()).toMatchObject({
      status: 'ALREADY_EXISTS',
      details: expect.stringMatching(
        /^the proxy of Pod\/shop\/cart-1 is already connected from 127\.0\.0\.2:\d+, and a workload can have one proxy only: stop one of the two$/,
      ),
    });
    expect(world.told).toEqual([cartKey]);
    world.publish('2');
    expect((await first.next()).resources).toHaveLength(1);
    expect(world.xds.server.proxies()).toHaveLength(1);
  });

  test('109: a proxy whose connection was lost unnoticed is back long before it would be sent away', async () => {
    const waitTimeoutMs = 10_000;
    const world = await start(waitTimeoutMs);
    const network = await world.network(own);
    const lost = await proxyOf(world, network);
    network.freeze();

    const at = performance.now();
    const back = await world.connect(network);
    back.start(cart, url.cluster);
    await back.next();

    expect(performance.now() - at).toBeLessThan(waitTimeoutMs / 2);
    expect(world.xds.server.proxies()).toHaveLength(1);
    lost.close();
  });

  test('109: a proxy that ends its stream and comes back does not wait', async () => {
    const world = await start();
    const network = await world.network(own);
    for (let round = 0; round < 5; round += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const client = await world.connect(network);
      client.start(cart, url.cluster);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await client.next();
      client.close();
    }

    expect(world.told).toEqual([]);
  });
});

describe('107, 108: a place', () => {
  const pod = { kind: 'Pod', uid: 'u', addresses: ['10.0.0.1', 'fd00::1'] } as const;
  const node = { kind: 'Pod', namespace: 'shop', name: 'cart', uid: 'u' };

  test.each([
    ['its own address', '10.0.0.1:4711', true],
    ['its own address over a socket of IPv6', '::ffff:10.0.0.1:4711', true],
    ['its own IPv6 address', 'fd00::1:4711', true],
    ['another address', '10.0.0.11:4711', false],
    ['another IPv6 address', 'fd00::11:4711', false],
    ['the loopback interface of the operator', '127.0.0.1:4711', true],
    ['nowhere', 'unknown', false],
  ])('from %s', (_where, peer, isThere) => {
    expect(sourceMismatch(node, peer, pod) === null).toBe(isThere);
  });

  test('an address counts however it is written', () => {
    expect(sourceMismatch(node, 'fd00::1:4711', { ...pod, addresses: ['FD00:0:0::0001'] })).toBeNull();
  });

  test('an ExternalWorkload may leave its uid out, and may not claim another one', () => {
    const external = { kind: 'ExternalWorkload', uid: 'u', addresses: null } as const;

    expect(sourceMismatch({ ...node, uid: '' }, 'x:1', external)).toBeNull();
    expect(sourceMismatch({ ...node, uid: 'other' }, 'x:1', external)).not.toBeNull();
  });
});
