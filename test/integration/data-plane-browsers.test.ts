// Browsers: which pages of other origins may use a route, and to which protocols a connection may switch, in a real Envoy.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { anyRequest } from '../../operator/envoy/resources/outbound/route-match.ts';
import type { CorsIr } from '../../operator/ir/cors.ts';
import type { FaultIr } from '../../operator/ir/route.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { type Answer, call, type Call, converse } from '../support/data-plane/callers.ts';
import { CalledServices } from '../support/data-plane/called-services.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { sampleEndpoint, sampleRoute } from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());
let services: CalledServices;

const abort: FaultIr = {
  delay: null,
  abort: { type: 'HTTP', status: 418, percentage: 100 },
  bandwidth: null,
  headers: [],
};

const cors: CorsIr = {
  allowOrigins: [
    { type: 'Exact', value: 'https://shop.example.com' },
    { type: 'RegularExpression', value: String.raw`https://[a-z]+\.shop\.test` },
  ],
  allowMethods: ['PUT'],
  allowHeaders: ['x-group', 'x-user'],
  exposeHeaders: ['x-total'],
  maxAgeMs: 600_000,
  allowCredentials: true,
};

/** Of a page of this origin that wants to use this method. */
const preflight = (origin: string, method: string): Call => ({
  method: 'OPTIONS',
  headers: { origin, 'access-control-request-method': method },
});

const corsHeaders = ({ headers }: Answer): object =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));

/** Switches to whatever a client asks for, and ends. */
async function startSwitcher(): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.add(async () => {
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  const application = await startApplication('v1', closing, (seen, response) => {
    if (seen.url === '/varies') response.setHeader('vary', 'accept-encoding');
    response.end();
  });
  const endpoints = [sampleEndpoint(application)];
  const switcher = [sampleEndpoint(await startSwitcher())];
  const matches = ['PUT', 'GET'].map((method) => ({ ...anyRequest, method }));
  const anyOrigin = {
    ...cors,
    allowOrigins: [{ type: 'Exact', value: '*' } as const],
    allowCredentials: false,
  };
  services = await CalledServices.start(
    {
      shared: { endpoints, routes: [sampleRoute('shared', { matches, cors })] },
      open: { endpoints, routes: [sampleRoute('open', { cors: anyOrigin, fault: abort })] },
      nothing: { endpoints: switcher, routes: [sampleRoute('nothing', { upgrades: [] })] },
      all: { endpoints: switcher, routes: [sampleRoute('all')] },
      sockets: { endpoints: switcher, routes: [sampleRoute('sockets', { upgrades: ['websocket'] })] },
    },
    closing,
  );
});

test.each(['https://shop.example.com', 'https://a.shop.test'])(
  'cors: the sidecar answers what a browser asks for a page of %s',
  async (origin) => {
    const answer = await call(services.at('shared'), preflight(origin, 'PUT'));

    expect(answer.status).toBe(200);
    expect(answer.body).toBe('');
    expect(corsHeaders(answer)).toEqual({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'PUT',
      'access-control-expose-headers': 'x-total',
      'access-control-allow-headers': 'x-group,x-user',
      'access-control-max-age': '600',
    });
  },
);

test.each(['https://evil.example.com', 'https://shop.example.com.evil.test', 'null'])(
  'cors: a page of %s gets no permission, and the application hears nothing of its question',
  async (origin) => {
    const answer = await call(services.at('shared'), preflight(origin, 'PUT'));

    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    expect(answer.body).toBe('');
    const response = await call(services.at('shared'), { method: 'PUT', headers: { origin } });
    expect(corsHeaders(response)).toEqual({});
  },
);

test('cors: a page that may reads what it may', async () => {
  const headers = { origin: 'https://shop.example.com' };
  const answer = await call(services.at('shared'), { method: 'PUT', headers });

  expect(answer.status).toBe(200);
  expect(corsHeaders(answer)).toEqual({
    'access-control-allow-origin': 'https://shop.example.com',
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'x-total',
  });
});

test('cors: caches tell pages of different origins apart, also where the application has its own say', async () => {
  const of = async (headers: Record<string, string>, path = '/'): Promise<unknown> => {
    const answer = await call(services.at('shared'), { method: 'PUT', path, headers });
    return answer.headers.vary;
  };

  expect(await of({ origin: 'https://shop.example.com' })).toBe('Origin');
  expect(await of({})).toBe('Origin');
  expect(await of({}, '/varies')).toBe('accept-encoding,Origin');
});

test('cors: a question for another method than those of the route is none of its business', async () => {
  const answer = await call(services.at('shared'), preflight('https://shop.example.com', 'DELETE'));

  expect(answer.status).toBe(404);
});

test('cors: any page reads a failure that a fault injects, and a fault lets questions alone', async () => {
  const page = 'https://any.example.com';
  const asked = await call(services.at('open'), preflight(page, 'PUT'));
  const failed = await call(services.at('open'), { headers: { origin: page } });

  expect([asked.status, failed.status]).toEqual([200, 418]);
  expect(corsHeaders(failed)).toMatchObject({ 'access-control-allow-origin': page });
});

test('upgrades: a route permits those that it names, in any case of letters, and others get 403', async () => {
  const cases = [
    ['sockets', 'websocket', 101],
    ['sockets', 'WebSocket', 101],
    ['sockets', 'SPDY/3.1', 403],
    ['nothing', 'websocket', 403],
    ['nothing', 'tcp', 403],
    ['all', 'SPDY/3.1', 101],
  ] as const;
  const statuses = cases.map(async ([service, token]) => {
    const words = `GET / HTTP/1.1\r\nHost: svc\r\nUpgrade: ${token}\r\nConnection: Upgrade\r\n\r\n`;
    const answer = await converse(services.at(service), words);
    return [service, token, Number(/^HTTP\/1.1 (\d+) /.exec(answer)?.[1])];
  });

  expect(await Promise.all(statuses)).toEqual(cases);
});
