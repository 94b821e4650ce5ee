// Credentials of the API server: read once a minute, and at once after they were refused.
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ApiClient } from '../../operator/platform/kubernetes/http/api-client.ts';
import { systemJitteredClock } from '../../operator/platform/kubernetes/http/jittered-clock.ts';

let server: Server;
let valid = 'first';
let nowMs = 0;
let kubeConfig: KubeConfig;
let api: ApiClient;

beforeEach(async () => {
  valid = 'first';
  nowMs = 1_000;
  server = createServer((request, response) => {
    response.statusCode = request.headers.authorization === `Bearer ${valid}` ? 200 : 401;
    response.end(JSON.stringify({ token: request.headers.authorization }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  kubeConfig = new KubeConfig();
  kubeConfig.loadFromOptions({
    clusters: [
      {
        name: 'c',
        server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        skipTLSVerify: true,
      },
    ],
    users: [{ name: 'u', token: 'first' }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  });
  api = new ApiClient({ kubeConfig, clock: { ...systemJitteredClock, monotonicMs: () => nowMs } });
});

afterEach(() => {
  api.close();
  server.close();
});

const get = (): Promise<unknown> => api.call({ method: 'GET', path: '/version' });

function replaceToken(token: string): void {
  kubeConfig.users = [{ name: 'u', token }];
}

test('what was renewed in place is read after a minute', async () => {
  expect(await get()).toEqual({ token: 'Bearer first' });
  replaceToken('second');
  nowMs += 59_000;
  expect(await get()).toEqual({ token: 'Bearer first' });
  valid = 'second';
  nowMs += 2_000;
  expect(await get()).toEqual({ token: 'Bearer second' });
});

test('what the server refuses is read again at once', async () => {
  await get();
  valid = 'second';
  replaceToken('second');
  await expect(get()).rejects.toMatchObject({ code: 401 });
  expect(await get()).toEqual({ token: 'Bearer second' });
});
