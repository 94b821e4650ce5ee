// Which endpoint a real Envoy chooses, by the load balancer of the service.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { DestinationIr, HashOnIr, LoadBalancerIr, LocalityIr } from '../../operator/ir/destination.ts';
import { type Handler, startApplication, startGreeter } from '../support/data-plane/applications.ts';
import { type Answer, call, type Call, listenOnly } from '../support/data-plane/callers.ts';
import { CalledServices } from '../support/data-plane/called-services.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  noRetry,
  sampleDestination,
  sampleEndpoint,
  sampleRoute,
  type ServiceParts,
} from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

let services: CalledServices;
let endpoints: readonly number[] = [];
const users = Array.from({ length: 20 }, (_, index) => `user-${index}`);

/** What the application of that name does when it is called and does not answer. */
let held: () => void = () => undefined;
const holds: Handler = (_seen, response) => {
  closing.add(async () => void response.destroy());
  held();
};

function balanced(
  loadBalancer: LoadBalancerIr,
  hashOn: readonly HashOnIr[],
  ports: readonly number[],
): ServiceParts {
  return {
    // Only workloads of the Service's own namespace are asked for their health.
    endpoints: ports.map((port) => sampleEndpoint(port, { workload: 'ExternalWorkload/shop/server' })),
    destination: sampleDestination({ loadBalancer }),
    routes: [sampleRoute('default', { hashOn, retry: { ...noRetry, attempts: 2, on: ['ConnectFailure'] } })],
  };
}

/** The caller is in zone a. */
function zoned(
  locality: LocalityIr | null,
  zones: Readonly<Record<string, readonly number[]>>,
  more: Partial<DestinationIr> = {},
): ServiceParts {
  const members = Object.entries(zones).flatMap(([zone, ports]) =>
    ports.map((port) => sampleEndpoint(port, { zone })),
  );
  const retry = { ...noRetry, attempts: 1, on: ['ConnectFailure'] as const, otherZone: true };
  return {
    endpoints: members,
    destination: sampleDestination({ locality, ...more }),
    routes: [sampleRoute('default', { retry })],
  };
}

beforeAll(async () => {
  endpoints = await Promise.all(['a', 'b', 'c', 'd'].map((name) => startApplication(name, closing)));
  const greeters = await Promise.all(['a', 'b', 'c', 'd'].map((name) => startGreeter(name, closing)));
  const [first = 0, second = 0, third = 0] = endpoints;
  const order: LocalityIr = { type: 'Failover', order: [{ from: 'a', to: ['c'] }] };
  const shares: LocalityIr = {
    type: 'Weighted',
    shares: [
      {
        from: 'a',
        to: [
          { zone: 'a', weight: 80 },
          { zone: 'b', weight: 20 },
        ],
      },
    ],
  };
  const holding = await startApplication('holds', closing, holds);
  const type = 'RingHash';
  const hash = (...hashOn: HashOnIr[]): ServiceParts =>
    balanced({ type, slowStart: null }, hashOn, endpoints);
  const session: HashOnIr = { type: 'Cookie', name: 'session', ttlMs: 3_600_000 };
  const header: HashOnIr = { type: 'Header', name: 'x-user' };
  const growing: LoadBalancerIr = {
    type: 'RoundRobin',
    slowStart: { windowMs: 5_000, minWeightPercentage: 1 },
  };
  services = await CalledServices.start(
    {
      header: hash(header),
      maglev: balanced({ type: 'Maglev', slowStart: null }, [header], endpoints),
      headless: { ...hash(header), headless: true },
      query: hash({ type: 'QueryParameter', name: 'user' }),
      cookie: hash(header, session),
      address: hash({ type: 'SourceAddress' }),
      broken: balanced({ type, slowStart: null }, [header], [first, await freePort()]),
      turns: balanced({ type: 'RoundRobin', slowStart: null }, [], endpoints),
      busy: balanced({ type: 'LeastRequest', slowStart: null }, [], [first, holding]),
      random: balanced({ type: 'Random', slowStart: null }, [], endpoints),
      growing: balanced(growing, [], [first, second]),
      sticky: {
        ...balanced({ type: 'RoundRobin', slowStart: null }, [], endpoints.slice(0, 2)),
        routes: [sampleRoute('default', { stickySession: { cookie: 'shop', ttlMs: 3_600_000 } })],
      },
      zones: zoned(order, { a: [first], b: [second], c: [third] }),
      shares: zoned(shares, { a: [first], b: [second], c: [third] }),
      lost: zoned(order, {
        a: [await freePort(), await freePort(), await freePort()],
        b: [second],
        c: [third],
      }),
      lostTcp: {
        ...zoned(order, { a: [await freePort()], b: greeters.slice(0, 1) }),
        protocol: 'TCP',
        routes: [],
      },
      calm: zoned(null, { a: [await freePort()] }, { panicThreshold: 0 }),
      tcp: {
        ...balanced({ type, slowStart: null }, [], greeters),
        protocol: 'TCP',
        routes: [],
      },
    },
    closing,
  );
});

function appOf({ body }: Answer): string {
  return (JSON.parse(body) as { readonly app: string }).app;
}

async function appAt(service: string, options: Call = {}): Promise<string> {
  return appOf(await call(services.at(service), options));
}

/** One after the other. */
async function appsAt(service: string, calls: readonly Call[]): Promise<readonly string[]> {
  const apps: string[] = [];
  // oxlint-disable-next-line no-await-in-loop -- in turn
  for (const options of calls) apps.push(await appAt(service, options));
  return apps;
}

/** A few at once: in any order. */
async function appsAnyhow(service: string, calls: readonly Call[]): Promise<readonly string[]> {
  const apps: string[] = [];
  const atOnce = 25;
  for (let made = 0; made < calls.length; made += atOnce) {
    const some = calls.slice(made, made + atOnce).map((options) => appAt(service, options));
    // oxlint-disable-next-line no-await-in-loop -- some at a time
    apps.push(...(await Promise.all(some)));
  }
  return apps;
}

function times(count: number): readonly Call[] {
  return Array.from({ length: count }, () => ({}));
}

const byHeader = users.map((user) => ({ headers: { 'x-user': user } }));
const byQuery = users.map((user) => ({ path: `/?user=${user}` }));
const byForwardedFor = users.map((_, index) => ({ headers: { 'x-forwarded-for': `192.0.2.${index}` } }));

describe('the same hash means the same endpoint, and not all hashes the same one', () => {
  test.each([
    ['header', byHeader],
    ['maglev', byHeader],
    ['headless', byHeader],
    ['query', byQuery],
    ['address', byForwardedFor],
  ])('%s', async (service, calls) => {
    const first = await appsAt(service, calls);
    const second = await appsAt(service, calls.toReversed());

    expect(second.toReversed()).toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(1);
  });
});

test('few hashes move when an endpoint goes', async () => {
  const many = times(200).map((_, index) => ({ headers: { 'x-user': `one-of-many-${index}` } }));
  const before = await appsAnyhow('header', many);

  await services.change('header', { endpoints: endpoints.slice(0, 3).map((port) => sampleEndpoint(port)) });
  const after = await appsAnyhow('header', many);

  const stayed = before.filter((app, index) => app !== 'd' && app === after[index]);
  expect(after).not.toContain('d');
  // Of those that could stay: of Envoy's ring of 1,024 places five in six, give or take 3 %; of a hash modulo the number of endpoints
  // it would be a third.
  expect(stayed.length).toBeGreaterThan(0.6 * before.filter((app) => app !== 'd').length);
});

test('who comes without the cookie gets one, and with it the endpoint that answered', async () => {
  const first = await call(services.at('cookie'));
  const [cookie = ''] = first.headers['set-cookie'] ?? [];
  const again = await appsAt(
    'cookie',
    times(5).map(() => ({ headers: { cookie: cookie.replace(/;.*/, '') } })),
  );

  expect(cookie).toMatch(/^session="?[0-9a-f]+"?; Max-Age=3600; Path=\/; HttpOnly$/);
  expect(new Set(again)).toEqual(new Set([appOf(first)]));
});

test('the first entry that a request has decides: with the header it gets no cookie', async () => {
  const { headers } = await call(services.at('cookie'), { headers: { 'x-user': 'me' } });

  expect(headers['set-cookie']).toBeUndefined();
});

test('without X-Forwarded-For the address is that of the caller', async () => {
  expect(new Set(await appsAt('address', times(10))).size).toBe(1);
});

test('requests with nothing to hash go anywhere', async () => {
  expect(new Set(await appsAt('header', times(40))).size).toBeGreaterThan(1);
});

test('a retry leaves the endpoint of the hash', async () => {
  expect(new Set(await appsAt('broken', byHeader))).toEqual(new Set(['a']));
});

test('TCP connections of a caller go to the same endpoint', async () => {
  const greetings = await Promise.all(times(10).map(() => listenOnly(services.at('tcp'), 1)));

  expect(new Set(greetings).size).toBe(1);
});

describe('a sticky session', () => {
  const cookies = new Map<string, string>();

  /** A session for each of the apps. */
  test('begins where the load balancer chooses, and is told by a cookie', async () => {
    for (const _ of times(6)) {
      // oxlint-disable-next-line no-await-in-loop -- in turn
      const answer = await call(services.at('sticky'));
      const [cookie = ''] = answer.headers['set-cookie'] ?? [];
      expect(cookie).toMatch(/^shop="?[\w+/=]+"?; Max-Age=3600; Path=\/; HttpOnly$/);
      cookies.set(appOf(answer), cookie.replace(/;.*/, ''));
    }
    expect([...cookies.keys()].toSorted()).toEqual(['a', 'b']);
  });

  const stayed = async (app: string): Promise<boolean> => {
    const headers = { cookie: cookies.get(app) ?? '' };
    const again = await appsAt(
      'sticky',
      times(8).map(() => ({ headers })),
    );
    return again.every((one) => one === app);
  };

  test('stays', async () => {
    expect([await stayed('a'), await stayed('b')]).toEqual([true, true]);
  });

  test('stays when an endpoint comes, which gets the sessions that begin', async () => {
    await services.change('sticky', { endpoints: endpoints.slice(0, 3).map((port) => sampleEndpoint(port)) });

    expect([await stayed('a'), await stayed('b')]).toEqual([true, true]);
    expect(new Set(await appsAt('sticky', times(12)))).toContain('c');
  });

  test('stays when another one goes, and begins anew where its own does', async () => {
    await services.change('sticky', { endpoints: endpoints.slice(1, 3).map((port) => sampleEndpoint(port)) });
    const answer = await call(services.at('sticky'), { headers: { cookie: cookies.get('a') ?? '' } });

    expect(await stayed('b')).toBe(true);
    expect(appOf(answer)).not.toBe('a');
    expect(answer.headers['set-cookie']).toHaveLength(1);
  });
});

test('RoundRobin: each endpoint in turn', async () => {
  const apps = await appsAt('turns', times(8));

  expect(apps.slice(0, 4).toSorted()).toEqual(['a', 'b', 'c', 'd']);
  expect(apps.slice(4)).toEqual(apps.slice(0, 4));
});

test('Random: every endpoint, in no order', async () => {
  // Of sixty, one in eight million times there would be none for one of them.
  const apps = await appsAt('random', times(90));

  expect(new Set(apps).size).toBe(4);
  expect(apps.slice(4)).not.toEqual(apps.slice(0, -4));
});

test('LeastRequest: a busy endpoint gets fewer requests', async () => {
  let holding = 0;
  for (let sent = 0; sent < 240; sent += 1) {
    const isHeld = new Promise<boolean>((resolve) => {
      held = () => {
        resolve(true);
      };
    });
    const answer = call(services.at('busy')).then(
      () => false,
      () => false,
    );
    // oxlint-disable-next-line no-await-in-loop -- each is on its way before the next
    if (await Promise.race([isHeld, answer])) holding += 1;
  }

  // A quarter, when both choices are the busy one, and seven standard deviations. In turn, it would be 120.
  expect(holding).toBeLessThan(108);
});

test('slow start: the share of a new endpoint grows', async () => {
  const [old = 0, young = 0] = endpoints;
  const shareOfNew = async (): Promise<number> => {
    const apps = await appsAt('growing', times(40));
    return apps.filter((app) => app === 'b').length;
  };
  const comesBack = async (): Promise<number> => {
    await services.change('growing', { endpoints: [sampleEndpoint(old)] });
    await services.change('growing', { endpoints: [old, young].map((port) => sampleEndpoint(port)) });
    return shareOfNew();
  };

  // Until the other one is no longer new itself.
  expect(await services.sidecar.waitFor(async () => (await comesBack()) < 12)).toBe(true);
  expect(await services.sidecar.waitFor(async () => (await shareOfNew()) >= 18)).toBe(true);
});

describe('Failover: the zone of the caller, and others when its endpoints are gone', () => {
  test.each([
    ['all zones', ['a', 'b', 'c'], 'a'],
    ['the first in order', ['b', 'c'], 'c'],
    ['any other', ['b'], 'b'],
  ])('%s', async (_, present, expected) => {
    const parts = present.map((zone) => {
      const port = endpoints['abc'.indexOf(zone)] ?? 0;
      return sampleEndpoint(port, { zone });
    });
    await services.change('zones', { endpoints: parts });

    expect(new Set(await appsAt('zones', times(12)))).toEqual(new Set([expected]));
  });
});

test('a retry goes to another zone, however many endpoints of this one are left to fail', async () => {
  expect(await appAt('lost')).toBe('c');
});

test('a zone whose endpoints take no connections is not asked any more, and no call fails', async () => {
  const apps: string[] = [];
  const stat = 'cluster.shop/lost/80.outlier_detection.ejections_active';
  // Envoy's main thread ejects, a moment after the failure that is the reason.
  await services.sidecar.waitFor(async () => {
    apps.push(...(await appsAt('lost', times(10))));
    return (await services.sidecar.stat(stat)) === 3;
  });

  expect(new Set(apps)).toEqual(new Set(['c']));
});

test('TCP: connections go to another zone, too, after the first ones that failed', async () => {
  // Workers may try an endpoint again before they learn that it is ejected.
  const isThere = await services.sidecar.waitFor(
    async () => (await listenOnly(services.at('lostTcp'), 1)) === 'a',
  );

  expect(isThere).toBe(true);
});

test('Weighted: zones get their shares, and others only if these are gone', async () => {
  const apps = await appsAnyhow('shares', times(400));
  const [, , third = 0] = endpoints;
  await services.change('shares', { endpoints: [sampleEndpoint(third, { zone: 'c' })] });

  expect(new Set(apps)).toEqual(new Set(['a', 'b']));
  // Five standard deviations.
  expect(Math.abs(apps.filter((app) => app === 'b').length - 80)).toBeLessThan(40);
  expect(new Set(await appsAt('shares', times(5)))).toEqual(new Set(['c']));
});

test('panicThreshold 0: where all endpoints are ejected, nobody is asked', async () => {
  const isRefused = await services.sidecar.waitFor(async () => {
    const { status, body } = await call(services.at('calm'));
    return status === 503 && body === 'no healthy upstream';
  });

  expect(isRefused).toBe(true);
});

test('checks of health that come under load: the new cluster is warm before it takes over, and no call fails', async () => {
  const done = new AbortController();
  const statuses: number[] = [];
  const load = (async () => {
    // oxlint-disable-next-line no-await-in-loop -- in turn
    while (!done.signal.aborted) statuses.push((await call(services.at('turns'))).status);
  })();
  const healthCheck = {
    probe: { type: 'HTTP', path: '/' },
    intervalMs: 1_000,
    timeoutMs: 1_000,
    unhealthyThreshold: 1,
    healthyThreshold: 1,
  } as const;
  await services.change('turns', { destination: sampleDestination({ healthCheck }) });
  // Acknowledged before it is warm.
  const stat = 'cluster.shop/turns/80.health_check.success';
  const isChecked = await services.sidecar.waitFor(async () => (await services.sidecar.stat(stat)) >= 4);
  const warming = 'cluster_manager.warming_clusters';
  await services.sidecar.waitFor(async () => (await services.sidecar.stat(warming)) === 0);
  // The last of these calls begin after it has taken over.
  const before = statuses.length;
  await services.sidecar.waitFor(() => statuses.length >= before + 8);
  done.abort();
  await load;

  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(isChecked).toBe(true);
});
