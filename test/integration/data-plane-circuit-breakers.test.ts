// Limits of what a caller sends at the same time, in a real Envoy: what is beyond is answered at once.
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { CircuitBreakerIr } from '../../operator/ir/destination.ts';
import { startApplication, startGreeter } from '../support/data-plane/applications.ts';
import { call, listenOnly } from '../support/data-plane/callers.ts';
import { CalledServices } from '../support/data-plane/called-services.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { startConversation } from '../support/data-plane/conversation.ts';
import { type GatedApplication, startGated } from '../support/data-plane/gated-application.ts';
import {
  noRetry,
  noLimits,
  sampleDestination,
  sampleEndpoint,
  sampleRoute,
  type ServiceParts,
} from '../support/mesh-samples.ts';

/** Requests that are made at the same time, and how often each is tried again. */
const [atOnce, attempts] = [60, 3];

const closing = new Closing();
afterAll(() => closing.close());

let application: GatedApplication;
let services: CalledServices;
/** What the application that fails the first tries does with the later ones: the number of tries so far, and how to answer. */
let tries: (() => void)[] = [];

function limited(limits: Partial<CircuitBreakerIr>, port: number, parts: ServiceParts = {}): ServiceParts {
  return {
    endpoints: [sampleEndpoint(port)],
    destination: sampleDestination({ circuitBreaker: { ...noLimits, ...limits } }),
    ...parts,
  };
}

beforeAll(async () => {
  application = await startGated(closing);
  const { port } = application;
  const failing = await startApplication('failing', closing, ({ url }, response) => {
    // Everybody fails at first; who comes again is kept waiting.
    const isRetry = tries.length > 0 && url === '/first';
    tries.push(() => response.end());
    if (!isRetry) response.writeHead(503).end();
  });
  const down = await startApplication('down', closing, (_seen, response) => {
    tries.push(() => undefined);
    setTimeout(() => response.writeHead(503).end(), 50);
  });
  const retry = { ...noRetry, attempts: 1, on: ['GatewayError'] } as const;
  services = await CalledServices.start(
    {
      requests: limited({ maxRequests: 1 }, port),
      pending: limited({ maxConnections: 1, maxPendingRequests: 1 }, port),
      each: limited({ maxConnectionsPerEndpoint: 1, maxPendingRequests: 1 }, port),
      retries: limited({ maxRetries: 1 }, failing, { routes: [sampleRoute('default', { retry })] }),
      budget: limited({ retryBudget: { percentage: 20, minConcurrency: 3 } }, down, {
        routes: [sampleRoute('default', { retry: { ...retry, attempts } })],
      }),
      unlimited: limited({}, down, { routes: [sampleRoute('default', { retry: { ...retry, attempts } })] }),
      tcp: limited({ maxConnections: 1 }, await startGreeter('hello', closing), {
        protocol: 'TCP',
        routes: [],
      }),
    },
    closing,
  );
});

beforeEach(() => {
  tries = [];
});

async function statusAt(service: string, path: string): Promise<number> {
  return (await call(services.at(service), { path })).status;
}

test('a request beyond maxRequests gets 503 and the flag UO, until another one has ended', async () => {
  const first = statusAt('requests', '/first');
  await application.holds(1);
  const beyond = await statusAt('requests', '/beyond');
  application.open();
  await first;
  const later = statusAt('requests', '/later');
  await application.holds(1);
  application.open();

  expect([await first, beyond, await later]).toEqual([200, 503, 200]);
  expect(await services.sidecar.logged({ path: '/beyond' })).toMatchObject({ response_flags: 'UO' });
});

test.each(['pending', 'each'])(
  '%s: requests beyond the connections wait, and beyond maxPendingRequests they get 503',
  async (service) => {
    const first = statusAt(service, '/first');
    await application.holds(1);
    const waiting = statusAt(service, `/${service}/waiting`);
    const { sidecar } = services;
    const pending = `cluster.shop/${service}/80.upstream_rq_pending_active`;
    await sidecar.waitFor(async () => (await sidecar.stats(pending)).get(pending) === 1);
    const beyond = await statusAt(service, `/${service}/beyond`);
    application.open();
    await application.holds(1);
    application.open();

    expect([await first, await waiting, beyond]).toEqual([200, 200, 503]);
    expect(await sidecar.logged({ path: `/${service}/beyond` })).toMatchObject({ response_flags: 'UO' });
  },
);

test('a request is not retried beyond maxRetries', async () => {
  const first = statusAt('retries', '/first');
  await services.sidecar.waitFor(() => tries.length === 2);
  const beyond = await statusAt('retries', '/beyond');
  const triesOfBoth = tries.length;
  for (const answer of tries) answer();

  expect([await first, beyond]).toEqual([200, 503]);
  expect(triesOfBoth).toBe(3);
});

test.each([
  { service: 'budget', most: 1.5 },
  { service: 'unlimited', most: 1 + attempts },
])('all requests fail: $service sends at most $most times as many', async ({ service, most }) => {
  const rounds = 3;
  const callers = Array.from({ length: atOnce }, async () => {
    // oxlint-disable-next-line no-await-in-loop -- in turn
    for (let round = 0; round < rounds; round += 1) expect(await statusAt(service, '/')).toBe(503);
  });
  await Promise.all(callers);

  const factor = tries.length / (atOnce * rounds);
  expect(factor).toBeGreaterThan(most === 1 + attempts ? most - 0.01 : 1.05);
  expect(factor).toBeLessThanOrEqual(most);
});

test('a TCP connection beyond maxConnections is closed before a byte', async () => {
  const port = services.at('tcp');
  const first = await startConversation({ port, greeting: 'hello' }, closing);

  expect(await listenOnly(port, 5)).toBe('');
  expect(await first.say('on')).toBe('on');
  expect(await services.sidecar.logged({ log: 'connection' })).toMatchObject({ response_flags: 'UO' });
});
