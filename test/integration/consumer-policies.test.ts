// Policies for Services of another namespace, on real Envoys: callers in their namespace obey them, and the sidecars of all others are
// not sent anything. `productpage` of namespace shop and `tester` of namespace qa call the same Services of the shop.
import { connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Seen } from '../support/data-plane/applications.ts';
import { type Answer, call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { sharesOf } from '../support/data-plane/first-word.ts';
import { ExampleShop } from '../support/examples/shop.ts';

const policy = (namespace: string, spec: string): string => `
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: some, namespace: ${namespace} }
spec: ${spec}
`;
const ofShop = (service: string): string =>
  `targetRefs: [{kind: Service, namespace: shop, name: ${service}}]`;

const closing = new Closing();
let shop: ExampleShop;
beforeAll(async () => {
  shop = await ExampleShop.start(closing);
});
afterAll(() => closing.close());

type Caller = 'shop' | 'qa';

async function answers(caller: Caller, count: number, path = '/reviews/1'): Promise<readonly Answer[]> {
  const port = shop.portOf('reviews', caller);
  return Promise.all(Array.from({ length: count }, () => call(port, { path })));
}

async function versions(caller: Caller): Promise<readonly string[]> {
  const seen = (await answers(caller, 60)).map(({ body }) => (JSON.parse(body) as Seen).app);
  return [...new Set(seen)].toSorted();
}

/** What counts the responses of the operator, for each kind and cluster. */
async function updates(caller: Caller): Promise<object> {
  const sidecar = caller === 'shop' ? shop.sidecar : shop.tester;
  return Object.fromEntries(await sidecar.stats('update_(attempt|success|rejected)$'));
}

describe('everybody else', () => {
  test('is sent nothing when such a policy comes, changes and goes', async () => {
    await shop.apply('');
    const [others, own] = [await updates('shop'), await updates('qa')];

    await shop.apply(
      policy('qa', `{${ofShop('reviews')}, timeout: {request: 1s}, circuitBreaker: {maxRequests: 1}}`),
    );
    await shop.apply(
      policy(
        'qa',
        `{${ofShop('db')}, subsets: [{name: v2, matchLabels: {version: v2}}], tcpRoutes: [{backends: [{subset: v2}]}]}`,
      ),
    );
    await shop.apply('');

    expect(await updates('qa')).not.toEqual(own);
    expect(await updates('shop')).toEqual(others);
  });
});

describe('callers in the namespace of the policy', () => {
  test('have their own limits', async () => {
    await shop.apply(policy('qa', `{${ofShop('reviews')}, circuitBreaker: {maxRequests: 1}}`));

    const [own, others] = await Promise.all([answers('qa', 5, '/slow'), answers('shop', 5, '/slow')]);

    expect(own.filter(({ status }) => status === 503).length).toBeGreaterThan(0);
    expect(others.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  });

  test('use the endpoints of their zone first', async () => {
    await shop.apply(policy('qa', `{${ofShop('reviews')}, locality: {type: Failover}}`));

    expect(await versions('qa')).toEqual(['v1']);
    expect(await versions('shop')).toEqual(['v1', 'v2', 'v3']);
  });

  test('have sessions that stay at one endpoint', async () => {
    await shop.apply(
      policy('qa', `{${ofShop('reviews')}, loadBalancer: {type: RoundRobin, stickySession: {cookie: s}}}`),
    );

    const [[own], [other]] = await Promise.all([answers('qa', 1), answers('shop', 1)]);

    expect(own?.headers['set-cookie']?.[0]).toMatch(/^s=/);
    expect(other?.headers['set-cookie']).toBeUndefined();
    const cookie = own?.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    const again = await Promise.all(
      Array.from({ length: 10 }, () =>
        call(shop.portOf('reviews', 'qa'), { path: '/reviews/1', headers: { cookie } }),
      ),
    );
    const first = (JSON.parse(own?.body ?? '{}') as Seen).app;
    expect(again.map(({ body }) => (JSON.parse(body) as Seen).app)).toEqual(
      Array.from({ length: 10 }, () => first),
    );
  });

  test('have other routes of connections; those that exist stay open', async () => {
    await shop.apply('');
    const sockets = (['shop', 'qa'] as const).map((caller) =>
      connect({ host: '127.0.0.1', port: shop.portOf('db', caller) }),
    );
    await Promise.all(sockets.map((socket) => once(socket, 'data')));
    const closed: string[] = [];
    for (const socket of sockets) socket.on('close', () => closed.push('closed'));

    await shop.apply(
      policy(
        'qa',
        `{${ofShop('db')}, subsets: [{name: v2, matchLabels: {version: v2}}], tcpRoutes: [{backends: [{subset: v2}]}]}`,
      ),
    );

    expect(Object.keys(await sharesOf(shop.portOf('db', 'qa'), 40))).toEqual(['v2']);
    expect(Object.keys(await sharesOf(shop.portOf('db', 'shop'), 40)).toSorted()).toEqual(['v1', 'v2']);
    expect(closed).toEqual([]);
    for (const socket of sockets) socket.destroy();
  });
});
