// The certificates hold in a real mutual TLS handshake, each end checked by the other.
import { once } from 'node:events';
import tls from 'node:tls';
import { expect, test } from '@jest/globals';
import type { Authority } from '../../../operator/certificates/authority.ts';
import { openStoredAuthority } from '../../../operator/certificates/stored-authority.ts';
import { hourMs, listen } from './support.ts';
import { MemorySecrets } from '../../support/memory-secrets.ts';

async function openAuthority(): Promise<Authority> {
  return openStoredAuthority({
    secrets: new MemorySecrets(),
    namespace: 'meshwright-system',
    secretName: 'meshwright-ca',
    trustDomain: 'cluster.local',
    now: Date.now,
  });
}

test('client and server with certificates of one root trust each other and see the SPIFFE ids', async () => {
  const authority = await openAuthority();
  const issue = async (name: string): Promise<tls.SecureContextOptions> => {
    const spiffeId = `spiffe://cluster.local/ns/shop/sa/${name}`;
    const pair = await authority.issue({
      spiffeId,
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
      ttlMs: hourMs,
    });
    return { cert: pair.certificate, key: pair.privateKey, ca: authority.trustBundle() };
  };
  const seen: (string | undefined)[] = [];
  const server = tls.createServer({
    ...(await issue('reviews')),
    requestCert: true,
    rejectUnauthorized: true,
  });
  server.on('secureConnection', (socket) => {
    seen.push(socket.getPeerCertificate().subjectaltname);
    socket.end('hello');
  });
  const port = await listen(server);

  const client = tls.connect({ ...(await issue('productpage')), host: '127.0.0.1', port });
  const [greeting]: unknown[] = await once(client, 'data');
  seen.push(client.getPeerCertificate().subjectaltname);
  client.destroy();
  server.close();
  await once(server, 'close');

  expect(String(greeting)).toBe('hello');
  expect(seen).toEqual([
    'URI:spiffe://cluster.local/ns/shop/sa/productpage, DNS:localhost, IP Address:127.0.0.1',
    'URI:spiffe://cluster.local/ns/shop/sa/reviews, DNS:localhost, IP Address:127.0.0.1',
  ]);
});

test('a client with a certificate of another root is not trusted', async () => {
  const [ours, theirs] = await Promise.all([openAuthority(), openAuthority()]);
  const request = { spiffeId: 'spiffe://cluster.local/ns/a/sa/b', ipAddresses: ['127.0.0.1'], ttlMs: hourMs };
  const [good, foreign] = await Promise.all([ours.issue(request), theirs.issue(request)]);
  const server = tls.createServer({
    cert: good.certificate,
    key: good.privateKey,
    ca: ours.trustBundle(),
    requestCert: true,
    // Let in, so that the reason can be read; the socket says whether it would have been refused.
    rejectUnauthorized: false,
  });
  const port = await listen(server);

  const verdicts: object[] = [];
  server.on('secureConnection', (socket) => {
    verdicts.push({ isTrusted: socket.authorized, why: socket.authorizationError });
    socket.destroy();
  });
  const client = tls.connect({
    cert: foreign.certificate,
    key: foreign.privateKey,
    ca: ours.trustBundle(),
    host: '127.0.0.1',
    port,
  });
  client.on('error', () => undefined);
  await once(client, 'close');
  server.close();
  await once(server, 'close');

  expect(verdicts).toEqual([{ isTrusted: false, why: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }]);
});
