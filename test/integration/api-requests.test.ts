// How requests to the API server end before their time: by the deadline, by the signal, by a connection that breaks; and where they go.
import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
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
  { callTimeoutMs = 30_000, host = '127.0.0.1', below = '', proxyUrl = '' } = {},
): Promise<{ readonly api: ApiClient; readonly kubeConfig: KubeConfig; readonly port: number }> {
  const server = createServer(answer).listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromOptions({
    clusters: [
      {
        name: 'c',
        skipTLSVerify: true,
        ...(proxyUrl !== '' && { proxyUrl }),
        server: `http://${host === '::1' ? '[::1]' : host}:${port}${below}`,
      },
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
  return { api, kubeConfig, port };
}

const ended = 'GET /version: ended by the operator';

const request = { method: 'GET', path: '/version' } as const;

function half(response: ServerResponse): void {
  response.writeHead(200);
  response.write('{"half":');
}

test('no answer by the deadline', async () => {
  const { api } = await clientOf(() => undefined, { callTimeoutMs: 50 });

  await expect(api.call(request)).rejects.toThrow('GET /version: no answer in 50 ms');
});

test('credentials that fail after the deadline: their error is the cause', async () => {
  const { api, kubeConfig } = await clientOf(() => undefined, { callTimeoutMs: 20 });
  const refusal = new Error('login expired');
  kubeConfig.applyToHTTPSOptions = async () => {
    await new Promise((resolve) => setTimeout(resolve, 60));
    throw refusal;
  };

  const error = await api.call(request).catch((it: unknown) => it);

  expect(error).toEqual(new Error('GET /version: no answer in 20 ms'));
  expect(error).toHaveProperty('cause', refusal);
});

test('by way of a proxy', async () => {
  const asked: (string | undefined)[] = [];
  const proxy = createServer().listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const { api, port } = await clientOf(({ url }, response) => response.end(JSON.stringify({ url })), {
    proxyUrl,
  });
  proxy.on('connect', ({ url }, socket) => {
    asked.push(url);
    const there = connect(port, '127.0.0.1');
    stops.push(() => there.destroy());
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    there.pipe(socket).pipe(there);
  });
  stops.push(() => proxy.close());

  expect(await api.call(request)).toEqual({ url: '/version' });
  expect(asked).toEqual([`127.0.0.1:${port}`]);
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
  await expect(api.call(request, AbortSignal.abort())).rejects.toThrow(ended);
  const controller = new AbortController();
  const waiting = api.call(request, controller.signal);
  void asked.promise.then(() => controller.abort());
  await expect(waiting).rejects.toThrow(ended);
  const watched = new AbortController();
  const unanswered = api.open(request, AbortSignal.timeout(50));
  await expect(unanswered).rejects.toThrow(new Error(ended));
  const watch = await api.open({ ...request, path: '/half' }, watched.signal);
  const chunks: unknown[] = [];
  const reading = (async () => {
    for await (const chunk of watch) {
      chunks.push(chunk);
      watched.abort();
    }
  })();
  await expect(reading).rejects.toThrow('GET /half: ended by the operator');
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
  await expect(reading).rejects.toThrow(ended);
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

  await expect(api.call(request)).rejects.toThrow('aborted');
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
