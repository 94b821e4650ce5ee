// A client's certificate counts for as long as it is valid and trusted, not for as long as its connection or its TLS session lives.
// The numbers are those of test/protocol/README.md.
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Authority } from '../../operator/certificates/authority.ts';
import { typeUrl as url } from '../../operator/envoy/proto/type-urls.ts';
import { reloadableCredentials } from '../../operator/xds/server/credentials.ts';
import { clientEnd, freshAuthority, serverPair } from '../support/xds-certificates.ts';
import { connectXds } from '../support/xds-client.ts';
import { sample, startXds, type RunningXds } from '../support/xds-server.ts';

const cart = 'Pod~shop~cart-1~uid-1';
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

async function serve(): Promise<RunningXds> {
  const reloadable = reloadableCredentials();
  const xds = await startXds({ credentials: reloadable.credentials, identityOf: () => cartId });
  opened.push(() => xds.stop());
  reloadable.update(await serverPair(authority));
  xds.publish({ 'Pod/shop/cart-1': [sample(url.cluster, 'a')] });
  return xds;
}

/** Sessions that the server gives a client are those that it may come back with. */
async function handshake(options: ConnectionOptions, sessions: Buffer[]): Promise<TLSSocket> {
  const socket = connectTls(options);
  opened.push(() => socket.destroy());
  socket.on('session', (session: Buffer) => sessions.push(session));
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  // Tickets of TLS 1.3 come after the handshake, before the first settings of HTTP/2.
  await new Promise((resolve) => socket.once('data', resolve));
  return socket;
}

test.each(['TLSv1.2', 'TLSv1.3'] as const)('110: a session of %s is not resumed', async (version) => {
  const xds = await serve();
  const { certificate, privateKey } = await authority.issue({ spiffeId: cartId, ttlMs: 60_000 });
  const options = {
    port: xds.port,
    host: '127.0.0.1',
    cert: certificate,
    key: privateKey,
    ca: authority.trustBundle(),
    checkServerIdentity: () => undefined,
    ALPNProtocols: ['h2'],
    minVersion: version,
    maxVersion: version,
  };
  const sessions: Buffer[] = [];
  const first = await handshake(options, sessions);
  const session = sessions.at(-1) ?? first.getSession();

  const second = await handshake({ ...options, ...(session !== undefined && { session }) }, sessions);

  expect([first.isSessionReused(), second.isSessionReused()]).toEqual([false, false]);
});

test('111: a stream ends when the certificate of its client does, and nobody comes back with that one', async () => {
  const xds = await serve();
  const shortLived = await clientEnd(authority, cartId, { ttlMs: 6_000 });
  const connect = (end: typeof shortLived): ReturnType<typeof connectXds> => {
    const client = connectXds({ port: xds.port, variant: 'delta', credentials: end.credentials });
    opened.push(() => client.close());
    client.start(cart, url.cluster);
    return client;
  };
  const client = connect(shortLived);
  const other = connect(await clientEnd(authority, cartId));
  for (const it of [client, other]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    it.ack(await it.next());
  }

  expect(await client.end()).toEqual({
    status: 'UNAUTHENTICATED',
    details: 'the client certificate has expired: reconnect with a renewed certificate',
  });
  // TLS takes it until the end of the second in which it expires; then we refuse it ourselves.
  const late = connect(shortLived);
  expect((await late.end()).status).toMatch(/^UNA(UTHENTICATED|VAILABLE)$/);
  // The same connection, in the moment before it is closed.
  const again = client.another();
  again.start(cart, url.cluster);
  expect((await again.end()).status).toMatch(/^UNA(UTHENTICATED|VAILABLE)$/);
  xds.publish({ 'Pod/shop/cart-1': [sample(url.cluster, 'a', '2')] });
  expect((await other.next()).resources).toHaveLength(1);
});
