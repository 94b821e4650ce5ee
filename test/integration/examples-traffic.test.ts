// Each example of docs/examples/traffic, docs/examples/security and docs/examples/istio-tasks, applied, and called as its comment says.
import { readdirSync, readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Seen } from '../support/data-plane/applications.ts';
import { type Answer, call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { clientHello, sharesOf } from '../support/data-plane/first-word.ts';
import { type ConnectionExpectation, connectionsOf } from '../support/examples/connections.ts';
import { type Expectation, expectationsOf, type SeveralCalls } from '../support/examples/expectations.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { ExampleShop } from '../support/examples/shop.ts';

const examples = ['traffic', 'security', 'istio-tasks'].flatMap((folder) =>
  readdirSync(join('docs/examples', folder))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => join(folder, name)),
);
/** Enough to tell 10 % from 20 %: the tolerance, in percent, is four standard deviations. */
const callsForShares = 600;
const tolerance = 8;

const closing = new Closing();
let shop: ExampleShop;
beforeAll(async () => {
  shop = await ExampleShop.start(closing);
}, 60_000);
afterAll(() => closing.close());

test('there are examples', () => {
  expect(examples.length).toBeGreaterThan(3);
});

describe.each(examples)('%s', (name) => {
  const example = readFileSync(join('docs/examples', name), 'utf8');
  const expectations = expectationsOf(example);
  const connections = connectionsOf(example);
  beforeAll(async () => {
    const verdicts = await shop.apply(example);
    const conditions = verdicts.flatMap((verdict) => verdict.conditions);
    expect(conditions.filter(({ type, status }) => type === 'Accepted' && status !== 'True')).toEqual([]);
  }, 30_000);

  test('says what is to come of calls', () => {
    expect(expectations.length + connections.length).toBeGreaterThan(0);
  });

  test.each([
    ...expectations.map((expectation) => checkOf(expectation.line, () => expectCall(expectation))),
    ...connections.map((expectation) => checkOf(expectation.line, () => expectConnections(expectation))),
  ])(
    '%s',
    async (_, check) => {
      expect.hasAssertions();
      await check();
    },
    30_000,
  );
});

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
    - { name: everything-else, backends: [{ subset: v1 }] }
`;
  let verdicts: Awaited<ReturnType<ExampleShop['apply']>>;
  beforeAll(async () => {
    verdicts = await shop.apply(policy);
  }, 30_000);

  test('is named by the status, with the labels, the route, and what to do', () => {
    const conditions = verdicts.find(({ origin }) => origin.kind === 'TrafficPolicy')?.conditions ?? [];

    expect(conditions.map(({ type, status }) => `${type}=${status}`)).toEqual([
      'Accepted=True',
      'ResolvedRefs=False',
    ]);
    expect(conditions.at(-1)).toMatchObject({
      reason: 'RefNotFound',
      message:
        'Subset v9 has no endpoints because no workload of shop/reviews/9080 has the labels version=v9. Its share of the requests of route new gets a 503. Start a workload with these labels, or fix matchLabels.',
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

type Check = readonly [title: string, check: () => Promise<void>];

function checkOf(line: string, check: Check[1]): Check {
  return [line.replace(/^# +/, ''), check];
}

async function expectCall(expectation: Expectation): Promise<void> {
  if (expectation.copiedTo.length > 0) await expectCopies(expectation);
  if (expectation.several !== null) await expectSeveral(expectation, expectation.several);
  else if (expectation.isSteady) await expectSteadiness(expectation);
  else if (expectation.from.length > 1) await expectShares(expectation);
  else await expectOutcome(expectation);
}

async function expectConnections({ service, serverName, from }: ConnectionExpectation): Promise<void> {
  const hello = serverName === null ? null : await clientHello(serverName);
  const shares = await sharesOf(shop.portOf(service), callsForShares, hello);
  expect(Object.keys(shares).toSorted()).toEqual(from.map(({ version }) => version).toSorted());
  for (const { version, percentage } of from)
    expect(Math.abs((shares[version] ?? 0) - percentage)).toBeLessThan(tolerance);
}

async function made({ call: { from, service, headers, ...request } }: Expectation): Promise<Answer> {
  const host = `${service}:9080`;
  return call(shop.portOf(service, from), { ...request, headers: { host, ...headers } });
}

async function expectOutcome(expectation: Expectation): Promise<void> {
  const begun = performance.now();
  const answer = await made(expectation);
  const took = performance.now() - begun;
  const { status, from, afterMs, withinMs, response, seen } = expectation;

  const heard = Object.fromEntries(response.map(([name]) => [name, answer.headers[name.toLowerCase()]]));
  expect({ status: answer.status, ...heard }).toEqual({ status, ...Object.fromEntries(response) });
  // Timers of Node and of Envoy end a little early: milliseconds are rounded where time begins and where it ends.
  expect(took).toBeGreaterThanOrEqual(afterMs - 5);
  expect(took).toBeLessThanOrEqual(withinMs);
  if (from.length === 0 && seen.length === 0) return;
  const { app, path, method, headers } = sightOf(answer);
  const sight: Readonly<Record<string, unknown>> = { ...headers, path, method };
  expect({ app, ...Object.fromEntries(seen.map(([name]) => [name, sight[name.toLowerCase()]])) }).toEqual({
    app: from[0]?.version ?? app,
    ...Object.fromEntries(seen),
  });
}

function sightOf({ body }: Answer): Pick<Seen, 'app' | 'method' | 'headers'> & { readonly path: string } {
  const { app, url, method, headers } = JSON.parse(body) as Seen;
  return { app, path: url, method, headers };
}

/** Nobody waits for copies: they come when they come. */
async function expectCopies(expectation: Expectation): Promise<void> {
  const id = randomUUID();
  const { call: described } = expectation;
  await made({
    ...expectation,
    call: { ...described, headers: { ...described.headers, 'x-request-id': id } },
  });
  const expected = expectation.copiedTo.toSorted();
  const copies = (): readonly string[] => [...shop.copiesOf(id)].toSorted();
  await poll(() => Promise.resolve(copies().length >= expected.length || undefined), {
    intervalMs: 10,
    deadlineMs: 5_000,
  });
  expect(copies()).toEqual(expected);
}

async function expectSeveral(
  expectation: Expectation,
  { count, atOnce, statuses }: SeveralCalls,
): Promise<void> {
  const counts: Record<string, number> = {};
  const countOne = async (): Promise<void> => {
    const { status } = await made(expectation);
    counts[status] = (counts[status] ?? 0) + 1;
  };
  if (atOnce) await Promise.all(Array.from({ length: count }, countOne));
  // oxlint-disable-next-line no-await-in-loop -- in turn
  else for (let sent = 0; sent < count; sent += 1) await countOne();
  const expected = Object.entries(statuses).map(([status, times]) => {
    const counted = counts[status];
    const isExpected = counted !== undefined && (times.length === 0 || times.includes(counted));
    return [status, isExpected ? counted : times.join(' or ') || 'some'];
  });
  expect(counts).toEqual(Object.fromEntries(expected));
}

async function expectSteadiness(expectation: Expectation): Promise<void> {
  const answers = await Promise.all(Array.from({ length: 20 }, () => made(expectation)));
  expect(answers.filter(({ status }) => status !== expectation.status)).toEqual([]);
  expect(new Set(answers.map((answer) => sightOf(answer).app)).size).toBe(1);
}

async function expectShares(expectation: Expectation): Promise<void> {
  const answers = await Promise.all(Array.from({ length: callsForShares }, () => made(expectation)));
  const counts = new Map<string, number>();
  for (const answer of answers) {
    const { app } = sightOf(answer);
    counts.set(app, (counts.get(app) ?? 0) + 1);
  }
  expect([...counts.keys()].toSorted()).toEqual(expectation.from.map(({ version }) => version).toSorted());
  for (const { version, percentage } of expectation.from) {
    const share = ((counts.get(version) ?? 0) / callsForShares) * 100;
    expect(Math.abs(share - percentage)).toBeLessThan(tolerance);
  }
}
