// One question over HTTP: whatever answers, there is an end to it in time and size, and nothing else is called.
import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { askPrometheus } from '../../../operator/dashboard/history/ask-prometheus.ts';

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(null) : server.close(resolve)));
});

async function serving(answer: RequestListener): Promise<URL> {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/query_range?query=up`);
}

const never = new AbortController().signal;

test('it is a GET without credentials; status and text are those of the answer', async () => {
  const address = await serving(({ method, url, headers }, response) => {
    const { authorization = 'none', cookie = 'none' } = headers;
    response.writeHead(422).end([method, url, authorization, cookie].join(' '));
  });

  expect(await askPrometheus(address, never)).toEqual({
    type: 'answered',
    status: 422,
    text: 'GET /api/v1/query_range?query=up none none',
  });
});

test('a redirect is not followed', async () => {
  const asked: (string | undefined)[] = [];
  const address = await serving(({ url }, response) => {
    asked.push(url);
    response.writeHead(302, { location: '/elsewhere' }).end();
  });

  expect(await askPrometheus(address, never)).toMatchObject({ type: 'answered', status: 302 });
  expect(asked).toEqual(['/api/v1/query_range?query=up']);
});

test('an answer without an end is given up when it is too large', async () => {
  const address = await serving((_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
    };
    response.writeHead(200).on('drain', more);
    more();
  });

  expect(await askPrometheus(address, never)).toEqual({ type: 'large', mostBytes: 256 * 1024 });
});

test.each([
  ['before', (): void => undefined],
  ['in the middle of', (response: Parameters<RequestListener>[1]): void => void response.write('{')],
])('whoever asks may give up %s the answer', async (_when, answer) => {
  const ending = new AbortController();
  const address = await serving((_request, response) => {
    answer(response);
    ending.abort();
  });

  expect(await askPrometheus(address, ending.signal)).toEqual({ type: 'late' });
});

test('nobody there', async () => {
  const address = await serving(() => undefined);
  const gone = server;
  server = undefined;
  await new Promise((resolve) => gone?.close(resolve));

  expect(await askPrometheus(address, never)).toMatchObject({ type: 'unreachable' });
});
