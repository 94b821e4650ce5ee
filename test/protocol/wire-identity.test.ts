// XDS rules about who may ask: mutual TLS over real gRPC, with certificates of the built-in authority. The numbers are
// those of test/protocol/README.md.
import { X509Certificate } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Authority } from '../../operator/certificates/authority.ts';
import { serialText } from '../../operator/certificates/root.ts';
import { typeUrl as url } from '../../operator/envoy/proto/type-urls.ts';
import { authorize, spiffeIdOf } from '../../operator/xds/server/authorize.ts';
import { reloadableCredentials, type ReloadableCredentials } from '../../operator/xds/server/credentials.ts';
import {
  clientEnd,
  freshAuthority,
  serialOf,
  serverPair,
  type ClientEnd,
} from '../support/xds-certificates.ts';
import { connectXds, type XdsClient } from '../support/xds-client.ts';
import { sample, startXds, type RunningXds } from '../support/xds-server.ts';
import { untilHolds } from '../support/until.ts';

const cart = 'Pod~shop~cart-1~uid-1';
const cartKey = 'Pod/shop/cart-1';
const cartId = 'spiffe://cluster.local/ns/shop/sa/cart';

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

interface Secured {
  readonly xds: RunningXds;
  readonly reloadable: ReloadableCredentials;
  /** Workload key → the identity it has to prove. */
  readonly identities: Map<string, string>;
}

/** Serves the workload cart-1, whose identity is that of the service account cart. */
async function serve(): Promise<Secured> {
  const reloadable = reloadableCredentials();
  const identities = new Map([[cartKey, cartId]]);
  const xds = await startXds({
    credentials: reloadable.credentials,
    identityOf: (workload) => identities.get(workload),
  });
  opened.push(() => xds.stop());
  reloadable.update(await serverPair(authority));
  publish(xds, '1');
  return { xds, reloadable, identities };
}

function publish(xds: RunningXds, mark: string, workload = cartKey): void {
  xds.publish({ [workload]: [sample(url.cluster, 'a', mark)] });
}

function connect(xds: RunningXds, end: ClientEnd, variant: 'delta' | 'sotw' = 'delta'): XdsClient {
  const client = connectXds({ port: xds.port, variant, credentials: end.credentials });
  opened.push(() => client.close());
  return client;
}

const clusterA = (mark: string): object => ({
  resources: [{ name: 'a', message: { name: 'a', alt_stat_name: mark } }],
});

describe('who may ask', () => {
  test.each(['delta', 'sotw'] as const)(
    '80: a proxy that proves its identity is served: %s',
    async (variant) => {
      const { xds } = await serve();
      const client = connect(xds, await clientEnd(authority, cartId), variant);

      client.start(cart, url.cluster);

      expect(await client.next()).toMatchObject(clusterA('1'));
    },
  );

  test('80: another identity is refused with PERMISSION_DENIED before any configuration', async () => {
    const { xds } = await serve();
    const client = connect(xds, await clientEnd(authority, 'spiffe://cluster.local/ns/shop/sa/thief'));

    client.start(cart, url.cluster);

    expect(await client.end()).toEqual({
      status: 'PERMISSION_DENIED',
      details: 'spiffe://cluster.local/ns/shop/sa/thief may not ask as Pod/shop/cart-1',
    });
    expect(xds.counted.pushed).toBe(0);
  });

  test('80: a certificate without a SPIFFE id is refused with UNAUTHENTICATED', async () => {
    const { xds } = await serve();
    const client = connect(xds, await clientEnd(authority, 'urn:somebody'));

    client.start(cart, url.cluster);

    expect(await client.end()).toEqual({
      status: 'UNAUTHENTICATED',
      details: 'the client certificate has no SPIFFE id',
    });
  });

  test('80: no certificate, no stream', async () => {
    const { xds } = await serve();
    const client = connect(xds, await clientEnd(authority, null));

    client.start(cart, url.cluster);

    expect(await client.end()).toMatchObject({ status: 'UNAVAILABLE' });
    expect(xds.counted).toMatchObject({ streams: 0, pushed: 0 });
  });

  test('80: a certificate of another root, no stream', async () => {
    const { xds } = await serve();
    const client = connect(xds, await clientEnd(await freshAuthority(), cartId, { trust: authority }));

    client.start(cart, url.cluster);

    expect(await client.end()).toMatchObject({ status: 'UNAVAILABLE' });
    expect(xds.counted).toMatchObject({ streams: 0, pushed: 0 });
  });

  test('80: a revoked certificate, no stream; another of the same identity is served', async () => {
    const { xds, reloadable } = await serve();
    const [stolen, fresh] = [await clientEnd(authority, cartId), await clientEnd(authority, cartId)];
    const serial = serialText(new X509Certificate(stolen.certificate ?? '').serialNumber);
    const revocationList = (await authority.revocationLists?.sign([serial])) ?? null;
    reloadable.update({ ...(await serverPair(authority)), revocationList });

    const refused = connect(xds, stolen);
    refused.start(cart, url.cluster);
    expect(await refused.end()).toMatchObject({ status: 'UNAVAILABLE' });

    const served = connect(xds, fresh);
    served.start(cart, url.cluster);
    expect(await served.next()).toMatchObject(clusterA('1'));
  });

  test('80: while a root is rotated, certificates of the other one are served, and revoked ones of neither', async () => {
    const { xds, reloadable } = await serve();
    const roots = [authority, await freshAuthority()];
    const trust = authority;
    const stolen = await Promise.all(roots.map((root) => clientEnd(root, cartId, { trust })));
    const serials = stolen.map(({ certificate }) =>
      serialText(new X509Certificate(certificate ?? '').serialNumber),
    );
    const lists = await Promise.all(roots.map(async ({ revocationLists }) => revocationLists?.sign(serials)));
    const trustBundle = roots.map((root) => root.trustBundle()).join('');
    reloadable.update({ ...(await serverPair(authority)), trustBundle, revocationList: lists.join('') });

    const refused = stolen.map((end) => connect(xds, end));
    for (const client of refused) client.start(cart, url.cluster);
    const ends = await Promise.all(refused.map((client) => client.end()));
    expect(ends.map(({ status }) => status)).toEqual(['UNAVAILABLE', 'UNAVAILABLE']);

    const served = connect(xds, await clientEnd(roots[1] ?? authority, cartId, { trust }));
    served.start(cart, url.cluster);
    expect(await served.next()).toMatchObject(clusterA('1'));
  });

  test('81: an identity that was proven once cannot turn to another node on the stream', async () => {
    const { xds } = await serve();
    const client = connect(xds, await clientEnd(authority, cartId));
    client.start(cart, url.cluster);
    await client.next();

    client.start('Pod~shop~other~uid-2', url.listener);

    expect(await client.end()).toMatchObject({ status: 'INVALID_ARGUMENT' });
  });

  test('65, 82: the check covers secrets: nobody gets those of another workload', async () => {
    const { xds } = await serve();
    const client = connect(xds, await clientEnd(authority, 'spiffe://cluster.local/ns/shop/sa/thief'));

    client.start(cart, url.secret, ['trust']);

    expect(await client.end()).toMatchObject({ status: 'PERMISSION_DENIED' });
    expect(xds.counted.pushed).toBe(0);
  });
});

describe('a proxy that is not known yet', () => {
  const newcomer = 'Pod~shop~new~uid-9';
  const newcomerKey = 'Pod/shop/new';

  test('waits, and is served as soon as its workload appears', async () => {
    const { xds, identities } = await serve();
    const client = connect(xds, await clientEnd(authority, cartId));
    client.start(newcomer, url.cluster);
    await untilHolds(() => xds.counted.streams === 1);
    publish(xds, '2');

    identities.set(newcomerKey, cartId);
    publish(xds, '3', newcomerKey);

    expect(await client.next()).toMatchObject(clusterA('3'));
    expect(xds.server.proxies().map((it) => it.workload)).toEqual([newcomerKey]);
  });

  test('80: is refused when the workload turns out to be somebody else’s', async () => {
    const { xds, identities } = await serve();
    const client = connect(xds, await clientEnd(authority, cartId));
    client.start(newcomer, url.cluster);
    await untilHolds(() => xds.counted.streams === 1);

    identities.set(newcomerKey, 'spiffe://cluster.local/ns/shop/sa/other');
    // The request has to have been read before there is a node to judge.
    await untilHolds(() => {
      publish(xds, '2', newcomerKey);
      return xds.counted.streams === 0;
    });

    expect(await client.end()).toMatchObject({ status: 'PERMISSION_DENIED' });
    expect(xds.counted.pushed).toBe(0);
  });

  test('80: may wait only in the namespace of its identity', async () => {
    const { xds } = await serve();
    const client = connect(xds, await clientEnd(authority, cartId));

    client.start('Pod~bank~vault~uid-9', url.cluster);

    expect(await client.end()).toMatchObject({ status: 'PERMISSION_DENIED' });
  });
});

describe('84: the server’s certificate', () => {
  test('is renewed without a restart: old streams live on, new connections see the new one', async () => {
    const { xds, reloadable } = await serve();
    const oldEnd = await clientEnd(authority, cartId);
    const old = connect(xds, oldEnd);
    old.start(cart, url.cluster);
    old.ack(await old.next());
    const renewed = await serverPair(authority);

    reloadable.update(renewed);
    publish(xds, '2');
    const newEnd = await clientEnd(authority, cartId);
    const fresh = connect(xds, newEnd);
    fresh.start(cart, url.cluster);

    expect(await old.next()).toMatchObject(clusterA('2'));
    expect(await fresh.next()).toMatchObject(clusterA('2'));
    expect(newEnd.serials).toEqual([serialOf(renewed)]);
    expect(oldEnd.serials).not.toEqual(newEnd.serials);
  });

  test('may come with another root: clients of the old one are refused from then on', async () => {
    const { xds, reloadable } = await serve();
    const next = await freshAuthority();

    reloadable.update(await serverPair(next));
    const [late, fresh] = [
      connect(xds, await clientEnd(authority, cartId, { trust: next })),
      connect(xds, await clientEnd(next, cartId)),
    ];
    late.start(cart, url.cluster);
    fresh.start(cart, url.cluster);

    expect(await late.end()).toMatchObject({ status: 'UNAVAILABLE' });
    expect(await fresh.next()).toMatchObject(clusterA('1'));
  });

  test('is not there at first: no connection succeeds until it is', async () => {
    const reloadable = reloadableCredentials();
    const xds = await startXds({ credentials: reloadable.credentials });
    opened.push(() => xds.stop());
    publish(xds, '1');
    const early = connect(xds, await clientEnd(authority, cartId));
    early.start(cart, url.cluster);
    expect(await early.end()).toMatchObject({ status: 'UNAVAILABLE' });

    reloadable.update({ ...(await serverPair(authority)) });
    const late = connect(xds, await clientEnd(authority, 'spiffe://cluster.local/ns/shop/sa/any'));
    late.start(cart, url.cluster);

    expect(await late.end()).toMatchObject({ status: 'PERMISSION_DENIED' });
  });
});

describe('80: identity and node', () => {
  const identityOf = (workload: string): string | undefined => (workload === cartKey ? cartId : undefined);
  const verdict = (nodeId: string, spiffeId: string | null, isSecure = true): string => {
    const it = authorize(nodeId, { spiffeId }, identityOf, isSecure);
    return it.type;
  };

  test.each([
    ['its own', cart, cartId, 'allowed'],
    ['another service account of its namespace', cart, 'spiffe://cluster.local/ns/shop/sa/other', 'denied'],
    ['the same account of another trust domain', cart, 'spiffe://evil/ns/shop/sa/cart', 'denied'],
    ['an identity that only begins alike', cart, `${cartId}-2`, 'denied'],
    ['none', cart, null, 'denied'],
    ['unknown workload, same namespace', 'Pod~shop~new~u', cartId, 'unknown'],
    ['unknown workload, another namespace', 'Pod~bank~new~u', cartId, 'denied'],
    ['unknown workload, a namespace that begins alike', 'Pod~sho~new~u', cartId, 'denied'],
  ])('%s', (_which, nodeId, spiffeId, expected) => {
    expect(verdict(nodeId, spiffeId)).toBe(expected);
  });

  test.each([
    ['URI:spiffe://d/ns/a/sa/b', 'spiffe://d/ns/a/sa/b'],
    ['DNS:x, URI:spiffe://d/ns/a/sa/b, IP Address:1.2.3.4', 'spiffe://d/ns/a/sa/b'],
    ['DNS:URI:spiffe://d/ns/a/sa/b', null],
    ['URI:https://d/spiffe://x', null],
    ['URI:spiffe://d/ns/a/sa/b, URI:spiffe://d/ns/a/sa/c', null],
    ['DNS:"x, URI:spiffe://d/ns/a/sa/b, y"', null],
    [undefined, null],
  ])('the SPIFFE id in %s is %s', (subjectAltName, expected) => {
    expect(spiffeIdOf(subjectAltName)).toBe(expected);
  });
});
