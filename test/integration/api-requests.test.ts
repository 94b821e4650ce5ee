// How requests to the API server end before their time: by the deadline, by the signal, by a connection that breaks; and where they go.
import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, expect, test } from '@jest/globals';
import { ApiClient } from '../../operator/platform/kubernetes/http/api-client.ts';
import { systemJitteredClock } from '../../operator/platform/kubernetes/http/jittered-clock.ts';

const stops: (() => void)[] = [];

afterEach(() => {
  for (const stop of stops.splice(0).toReversed()) stop();
});

/** Of a server at this address, below this path. */
async function clientOf(
  answer: RequestListener,
  { callTimeoutMs = 30_000, host = '127.0.0.1', below = '' } = {},
): Promise<{ readonly api: ApiClient; readonly server: Server }> {
  const server = createServer(answer).listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromOptions({
    clusters: [
      { name: 'c', skipTLSVerify: true, server: `http://${host === '::1' ? '[::1]' : host}:${port}${below}` },
    ],
    users: [{ name: 'u', token: 't' }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  });
  const api = new ApiClient({ kubeConfig, clock: systemJitteredClock, callTimeoutMs });
  stops.push(
    () => server.closeAllConnections(),
    () => server.close(),
    () => api.close(),
  );
  return { api, server };
}

const request = { method: 'GET', path: '/version' } as const;

function half(response: ServerResponse): void {
  response.writeHead(200);
  response.write('{"half":');
}

test('no answer by the deadline', async () => {
  const { api } = await clientOf(() => undefined, { callTimeoutMs: 50 });

  await expect(api.call(request)).rejects.toThrow('GET /version: no answer in 50 ms');
});

test('half an answer by the deadline', async () => {
  const { api } = await clientOf((_, response) => half(response), { callTimeoutMs: 50 });

  await expect(api.call(request)).rejects.toThrow('GET /version: no answer in 50 ms');
});

test('a signal that aborts before, while nothing has come, and in the midst of an answer', async () => {
  const asked = Promise.withResolvers<undefined>();
  const { api } = await clientOf(({ url }, response) => {
    asked.resolve(undefined);
    if (url === '/half') half(response);
  });
  const ended = 'ended by the operator';

  await expect(api.call(request, AbortSignal.abort())).rejects.toThrow(ended);
  const controller = new AbortController();
  const waiting = api.call(request, controller.signal);
  void asked.promise.then(() => controller.abort());
  await expect(waiting).rejects.toThrow(ended);
  const watched = new AbortController();
  const watch = await api.open({ ...request, path: '/half' }, watched.signal);
  const chunks: unknown[] = [];
  const reading = (async () => {
    for await (const chunk of watch) {
      chunks.push(chunk);
      watched.abort();
    }
  })();
  await expect(reading).rejects.toThrow(ended);
  expect(chunks).toHaveLength(1);
});

test('a watch that is ended before anybody reads it', async () => {
  const { api } = await clientOf((_, response) => half(response));
  const watched = new AbortController();
  const watch = await api.open(request, watched.signal);
  watched.abort();

  const reading = (async () => {
    for await (const _ of watch);
  })();
  await expect(reading).rejects.toThrow(Error);
});

test('a connection that breaks in the midst of an answer, and the next request on another', async () => {
  let asked = 0;
  const { api } = await clientOf((_, response) => {
    asked += 1;
    if (asked === 2) response.end('{}');
    else {
      half(response);
      setImmediate(() => response.destroy());
    }
  });

  await expect(api.call(request)).rejects.toThrow(Error);
  expect(await api.call(request)).toEqual({});
});

test('connections are used again, also after a refusal', async () => {
  const ports = new Set<number | undefined>();
  const { api } = await clientOf(({ url, socket }, response) => {
    ports.add(socket.remotePort);
    response.writeHead(url === '/missing' ? 404 : 200).end('{}');
  });

  await api.call(request);
  await expect(api.call({ ...request, path: '/missing' })).rejects.toThrow('GET /missing');
  await api.call(request);

  expect(ports.size).toBe(1);
});

test.each([
  { host: '127.0.0.1', below: '', path: '/version?a=1%262&b=x+y' },
  { host: '127.0.0.1', below: '/k8s/clusters/c-1', path: '/k8s/clusters/c-1/version?a=1%262&b=x+y' },
  { host: '127.0.0.1', below: '/k8s/', path: '/k8s/version?a=1%262&b=x+y' },
  { host: '::1', below: '', path: '/version?a=1%262&b=x+y' },
])('a server at $host$below', async ({ host, below, path }) => {
  const { api } = await clientOf(
    ({ url, headers: { authorization, host: name } }, response) => {
      response.end(
        JSON.stringify({ url, authorization, isNamed: name?.startsWith(host === '::1' ? '[::1]:' : host) }),
      );
    },
    { host, below },
  );

  const told = await api.call({ ...request, query: { a: '1&2', b: 'x y' } });

  expect(told).toEqual({ url: path, authorization: 'Bearer t', isNamed: true });
});
