// Each example of docs/examples/traffic, docs/examples/security and docs/examples/istio-tasks, applied, and called as its comment says.
import { readdirSync, readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { checksOf } from '../support/examples/checks.ts';
import { ExampleShop } from '../support/examples/shop.ts';

const examples = ['traffic', 'security', 'istio-tasks'].flatMap((folder) =>
  readdirSync(join('docs/examples', folder))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => join(folder, name)),
);

/** For what takes time, such as an ejection. */
const soonMs = 60_000;

const closing = new Closing();
let shop: ExampleShop;
beforeAll(async () => {
  shop = await ExampleShop.start(closing);
});
afterAll(() => closing.close());

test('there are examples', () => {
  expect(examples.length).toBeGreaterThan(3);
});

describe.each(examples)('%s', (name) => {
  const example = readExample(name);
  const checks = checksOf(example);
  beforeAll(async () => {
    const verdicts = await shop.apply(example);
    const conditions = verdicts.flatMap((verdict) => verdict.conditions);
    expect(conditions.filter(({ type, status }) => type === 'Accepted' && status !== 'True')).toEqual([]);
  });

  test('says what is to come of calls', () => {
    expect(checks.length).toBeGreaterThan(0);
  });

  test.each(checks)('$title', async ({ check }) => {
    expect.hasAssertions();
    await check(shop, soonMs);
  });
});

test('none of them says what is so without its policies', async () => {
  await shop.apply('');

  const [slow, quick] = [true, false].map((isSlow) =>
    examples.filter((name) => readExample(name).includes('9080/slow') === isSlow),
  );
  const kept = await Promise.all((slow ?? []).map(keptOf));
  // One after the other: some count connections.
  // oxlint-disable-next-line no-await-in-loop -- in turn
  for (const name of quick ?? []) kept.push(await keptOf(name));

  expect(kept.flat()).toEqual([]);
});

/** Its name, if all that it says is so. Several times, since that may be by chance. */
async function keptOf(name: string): Promise<readonly string[]> {
  const checks = checksOf(readExample(name));
  try {
    // oxlint-disable-next-line no-await-in-loop -- in turn
    for (let round = 0; round < 10; round += 1) for (const { check } of checks) await check(shop, 0);
    return [name];
  } catch {
    return [];
  }
}

function readExample(name: string): string {
  return readFileSync(join('docs/examples', name), 'utf8');
}

describe('a subset whose labels no workload has', () => {
  const policy = `
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: reviews, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: reviews }]
  subsets: [{ name: v1, matchLabels: { version: v1 } }, { name: v9, matchLabels: { version: v9 } }]
  routes:
    - { name: new, matches: [{ path: { value: /new } }], backends: [{ subset: v9 }] }
    - { name: everything-else, backends: [{ subset: v1 }], mirror: [{ subset: v9 }] }
`;
  let verdicts: Awaited<ReturnType<ExampleShop['apply']>>;
  beforeAll(async () => {
    verdicts = await shop.apply(policy);
  });

  test('is named by the status, with the labels, the route, and what to do', () => {
    const conditions = verdicts.find(({ origin }) => origin.kind === 'TrafficPolicy')?.conditions ?? [];

    expect(conditions.map(({ type, status }) => `${type}=${status}`)).toEqual([
      'Accepted=True',
      'ResolvedRefs=False',
    ]);
    expect(conditions.at(-1)).toMatchObject({
      reason: 'RefNotFound',
      message:
        'Subset v9 has no endpoints because no workload of shop/reviews/9080 has the labels version=v9. Its share of the requests of route new gets a 503. Route everything-else sends no copies there. Start a workload with these labels, or fix matchLabels.',
    });
  });

  test('is named by the access log of the caller, where its requests get 503; other routes answer', async () => {
    const id = randomUUID();
    const headers = { host: 'reviews:9080', 'x-request-id': id };
    const port = shop.portOf('reviews');

    const refused = await call(port, { path: '/new/1', headers });
    const answered = await Promise.all(Array.from({ length: 20 }, () => call(port, { path: '/reviews/1' })));

    expect(refused.status).toBe(503);
    expect(await shop.sidecar.logged({ request_id: id })).toMatchObject({
      response_code: 503,
      response_flags: 'UH',
      route_name: 'new',
      upstream_cluster: 'shop/reviews/9080/v9',
    });
    expect(answered.filter(({ status }) => status !== 200)).toEqual([]);
  });
});
