// Credentials of the API server: read every half minute, and at once after a request that failed with them; certificates that were
// renewed begin new connections, and requests on the old ones may end.
import { once } from 'node:events';
import { createServer as createPlainServer, type RequestListener, type Server } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { KubeConfig, type User } from '@kubernetes/client-node';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { KeyPair } from '../../operator/certificates/authority.ts';
import type { Root } from '../../operator/certificates/root.ts';
import { ApiClient } from '../../operator/platform/kubernetes/http/api-client.ts';
import { systemJitteredClock } from '../../operator/platform/kubernetes/http/jittered-clock.ts';
import { issue, makeTestRoot } from '../support/data-plane/certificate-folder.ts';

const stops: (() => void)[] = [];
let nowMs = 0;
let kubeConfig: KubeConfig;
let api: ApiClient;

beforeEach(() => {
  nowMs = 1_000;
});

afterEach(() => {
  for (const stop of stops.splice(0).toReversed()) stop();
});

const get = (): Promise<unknown> => api.call({ method: 'GET', path: '/version' });

async function connectTo(server: Server, cluster: object, user: object): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const scheme = server.listenerCount('secureConnection') > 0 ? 'https' : 'http';
  const at = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  kubeConfig = new KubeConfig();
  kubeConfig.loadFromOptions({
    clusters: [{ name: 'c', server: at, ...cluster }],
    users: [{ name: 'u', ...user }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  });
  api = new ApiClient({ kubeConfig, clock: { ...systemJitteredClock, monotonicMs: () => nowMs } });
  stops.push(
    () => server.close(),
    () => api.close(),
  );
}

function become(user: Omit<User, 'name'>): void {
  kubeConfig.users = [{ name: 'u', ...user }];
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const userOf = ({ certificate, privateKey }: KeyPair): object => ({
  certData: base64(certificate),
  keyData: base64(privateKey),
});

/** Answers with who calls; to a watch, and goes on. */
const whoCalls: RequestListener = (request, response) => {
  const text = JSON.stringify({ caller: (request.socket as TLSSocket).getPeerCertificate().subjectaltname });
  if (request.url === '/watch') response.write(text);
  else response.end(text);
};

async function serving(root: Root): Promise<Server> {
  const { certificate, privateKey } = await issue(root, 'spiffe://a/server', ['127.0.0.1']);
  const trust = { ca: root.certificate, requestCert: true };
  return createServer({ cert: certificate, key: privateKey, ...trust }, whoCalls);
}

test('a token that was replaced is read after half a minute, and at once after a refusal', async () => {
  let valid = 'first';
  const server = createPlainServer((request, response) => {
    response.statusCode = request.headers.authorization === `Bearer ${valid}` ? 200 : 401;
    response.end(JSON.stringify({ token: request.headers.authorization }));
  });
  await connectTo(server, { skipTLSVerify: true }, { token: 'first' });

  expect(await get()).toEqual({ token: 'Bearer first' });
  become({ token: 'second' });
  nowMs += 29_000;
  expect(await get()).toEqual({ token: 'Bearer first' });
  valid = 'second';
  nowMs += 2_000;
  expect(await get()).toEqual({ token: 'Bearer second' });

  // Refused: the next request has what is there now.
  valid = 'third';
  become({ token: 'third' });
  await expect(get()).rejects.toMatchObject({ code: 401 });
  expect(await get()).toEqual({ token: 'Bearer third' });
});

test('a certificate that was renewed is shown on new connections, and a watch on the old one goes on until the client is closed', async () => {
  const root = await makeTestRoot('a');
  const [first, second] = [await issue(root, 'spiffe://a/first'), await issue(root, 'spiffe://a/second')];
  await connectTo(await serving(root), { caData: base64(root.certificate) }, userOf(first));

  const watch = await api.open({ method: 'GET', path: '/watch' }, new AbortController().signal);
  const chunks = watch[Symbol.asyncIterator]();
  expect(String((await chunks.next()).value)).toContain('spiffe://a/first');
  expect(await get()).toEqual({ caller: 'URI:spiffe://a/first' });

  become(userOf(second));
  nowMs += 31_000;
  expect(await get()).toEqual({ caller: 'URI:spiffe://a/second' });

  const next = chunks.next();
  const isOpen = await Promise.race([next.then(() => false), get().then(() => true)]);
  expect(isOpen).toBe(true);
  api.close();
  await expect(next).rejects.toThrow('aborted');
});

test('a server whose authority is not trusted is trusted at the next request, once the authority is there', async () => {
  const [root, other] = [await makeTestRoot('a'), await makeTestRoot('a')];
  const pair = await issue(root, 'spiffe://a/first');
  await connectTo(await serving(root), { caData: base64(other.certificate) }, userOf(pair));

  await expect(get()).rejects.toThrow('GET /version');
  kubeConfig.clusters = kubeConfig.clusters.map((it) => ({ ...it, caData: base64(root.certificate) }));
  expect(await get()).toEqual({ caller: 'URI:spiffe://a/first' });
});
