// Routes of connections to TCP ports through a real Envoy: shares of new connections, server names of TLS, connections closed on purpose.
// A change is in force for the next connection when it is acknowledged, and connections that exist go on, whatever becomes of their route.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ConnectionRouteIr } from '../../operator/ir/route.ts';
import { startGreeter } from '../support/data-plane/applications.ts';
import { CalledServices } from '../support/data-plane/called-services.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { startConversation } from '../support/data-plane/conversation.ts';
import { toleranceOf } from '../support/data-plane/shares.ts';
import { clientHello, sharesOf } from '../support/data-plane/first-word.ts';
import { sampleEndpoint, type ServiceParts } from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

const author = { kind: 'TrafficPolicy', namespace: 'shop', name: 'db', generation: 1 } as const;
/** Enough to tell 67 % from 50 %. */
const connections = 1_200;
let services: CalledServices;

beforeAll(async () => {
  const [v1, v2] = [await startGreeter('v1', closing), await startGreeter('v2', closing)];
  const subset = (name: string, ports: readonly number[]): NonNullable<ServiceParts['subsets']>[number] => {
    return { name, endpoints: ports.map((port) => sampleEndpoint(port)), origins: [author] };
  };
  const parts: ServiceParts = {
    protocol: 'TCP',
    endpoints: [v1, v2].map((port) => sampleEndpoint(port)),
    subsets: [subset('v1', [v1]), subset('v2', [v2]), subset('v3', [])],
  };
  services = await CalledServices.start(
    { db: parts, vault: { ...parts, carries: 'TLS' }, other: parts },
    closing,
  );
});

type Weights = Readonly<Record<string, number>>;

function route(service: string, weights: Weights, parts: Partial<ConnectionRouteIr> = {}): ConnectionRouteIr {
  const backends = Object.entries(weights).map(([subset, weight]) => {
    return { service: `shop/${service}/80`, subset, weight };
  });
  return { name: 'tcpRoutes[0]', sni: [], backends, abortPercentage: 0, author, ...parts };
}

async function program(service: string, ...connectionRoutes: ConnectionRouteIr[]): Promise<void> {
  await services.change(service, { connectionRoutes });
}

async function expectShares(service: string, expected: Weights, hello: Buffer | null = null): Promise<void> {
  const shares = await sharesOf(services.at(service), connections, hello);
  expect(Object.keys(shares).toSorted()).toEqual(Object.keys(expected).toSorted());
  for (const [name, share] of Object.entries(expected))
    expect(Math.abs((shares[name] ?? 0) - share)).toBeLessThan(toleranceOf(share, connections));
}

async function listenersMoved(): Promise<number> {
  const stats = await services.sidecar.stats(
    '^listener_manager\\.listener_(added|modified|in_place_updated|removed)$',
  );
  return [...stats.values()].reduce((sum, value) => sum + value, 0);
}

test('new connections are shared by weight, and a change of weights is for the next one, while those that exist go on', async () => {
  expect.hasAssertions();
  await program('db', route('db', { v1: 75, v2: 25 }));
  const before = await listenersMoved();
  await expectShares('db', { v1: 75, v2: 25 });

  await program('db', route('db', { v1: 1 }));
  const existing = await startConversation({ port: services.at('db'), greeting: 'v1' }, closing);
  await program('db', route('db', { v2: 1 }));

  await expectShares('db', { v2: 100 });
  await expect(existing.say('still there?')).resolves.toBe('still there?');

  await program('db');
  await expectShares('db', { v1: 50, v2: 50 });
  await expect(existing.say('and now?')).resolves.toBe('and now?');
  await expect(listenersMoved()).resolves.toBe(before);
});

test('a share of new connections is closed on purpose; other services notice nothing', async () => {
  expect.hasAssertions();
  await program('db', route('db', { v1: 1 }, { abortPercentage: 40 }));

  await expectShares('db', { v1: 60, nobody: 40 });
  await expectShares('other', { v1: 50, v2: 50 });
});

test('the share of a subset without endpoints is closed, and the others get theirs', async () => {
  expect.hasAssertions();
  await program('db', route('db', { v1: 3, v3: 1 }));

  await expectShares('db', { v1: 75, nobody: 25 });
});

test('of a route without a valid backend every connection is closed', async () => {
  expect.hasAssertions();
  await program('db', route('db', {}, { backends: [{ invalid: 'no such subset', weight: 1 }] }));

  await expectShares('db', { nobody: 100 });
});

test('TLS is passed on by its server name, and what asks for another name, or does not speak TLS, gets the route for all', async () => {
  expect.hasAssertions();
  const byName = [
    route('vault', { v2: 1 }, { name: 'tlsRoutes[0]', sni: ['new.example.com'] }),
    route('vault', { v1: 2, v2: 1 }, { name: 'tlsRoutes[1]', sni: ['*.example.com'] }),
  ];
  await program('vault', ...byName, route('vault', { v1: 1 }));

  await expectShares('vault', { v2: 100 }, await clientHello('new.example.com'));
  await expectShares('vault', { v1: 67, v2: 33 }, await clientHello('OLD.example.com'));
  await expectShares('vault', { v1: 100 }, await clientHello('elsewhere.org'));
  await expectShares('vault', { v1: 100 }, Buffer.from('plaintext'));

  await program('vault', ...byName);
  await expectShares('vault', { v1: 50, v2: 50 }, await clientHello('elsewhere.org'));
});
