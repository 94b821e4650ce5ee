// Quotas: what the servers of a Service admit together, as real Envoys report it and are assigned their shares. Each server is connected
// to a replica of the operator of its own.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { QuotaIr } from '../../operator/ir/inbound.ts';
import { quotaKey } from '../../operator/ir/quota.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { type Answer, call, type Call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { issueKey, issuerName, keySet } from '../support/data-plane/issuer.ts';
import { everything, QuotaMesh } from '../support/data-plane/quota-mesh.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { guardOf } from '../support/data-plane/token-mesh.ts';
import { until } from '../support/until.ts';

const closing = new Closing();
afterAll(() => closing.close());

let mesh: QuotaMesh;

beforeAll(async () => {
  mesh = await QuotaMesh.start(closing, { application: await startApplication('reviews', closing) });
});

const hourMs = 3_600_000;
/** Two servers tell 1,000 apart each. */
const mostUsers = 10_000;

let made = 0;
/** Of which an hour is left at least. */
const periodMs =
  [24, 23, 22].map((hours) => hours * hourMs).find((it) => it - (Date.now() % it) > hourMs) ?? 0;
/** Of its own name: what others have used is nothing to it. */
function quota(parts: Partial<QuotaIr> = {}): QuotaIr {
  made += 1;
  return {
    id: `shop/reviews/quota-${made}`,
    service: 'shop/reviews',
    match: everything,
    per: 'All',
    cost: null,
    requests: 100,
    periodMs,
    window: 'Fixed',
    burst: null,
    isEnforced: true,
    whenUnavailable: 'Share',
    ...parts,
  };
}

async function calls(from: 'page' | 'other', count: number, one: Call = {}): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  while (answers.length < count) {
    // oxlint-disable-next-line no-await-in-loop -- ten at a time
    answers.push(...(await Promise.all(Array.from({ length: 10 }, () => call(mesh.ports[from], one)))));
  }
  return answers;
}

function admitted(answers: readonly Answer[]): number {
  return answers.filter(({ status }) => status === 200).length;
}

type Asking = readonly [from: 'page' | 'other', how: Call];

/**
 * Asks until both servers have their shares of the buckets of these requests, of a quota that nobody has asked for: how many come before is for the machine
 * to say, and all of them are admitted. Resolves to the answers to each.
 */
async function untilShared(
  one: QuotaIr,
  askings: readonly Asking[],
): Promise<readonly (readonly Answer[])[]> {
  const answers = askings.map((): Answer[] => []);
  let turn = 0;
  await poll(
    async () => {
      // Each server reports a bucket when it is asked for it, and all that it has again within five seconds.
      if (mesh.reportsOf(quotaKey(one)) >= 4 * askings.length) return true;
      // Twice, since servers are asked in turn; and later, since one may have been left out.
      if (turn % 30 === 0) {
        for (const [index, [from, how]] of askings.entries())
          // oxlint-disable-next-line no-await-in-loop -- in turn
          answers[index]?.push(await call(mesh.ports[from], how), await call(mesh.ports[from], how));
      }
      turn += 1;
      return undefined;
    },
    { intervalMs: 100, deadlineMs: 120_000 },
  );
  await mesh.obeyed();
  return answers;
}

/** The last of sixty answers, when both servers have their shares. */
async function refusal(one: QuotaIr, asking: Call): Promise<Answer | undefined> {
  await untilShared(one, [['page', asking]]);
  return (await calls('page', 60, asking)).at(-1);
}

describe('a quota', () => {
  test('holds for all servers of a Service together, for each caller by its certificate', async () => {
    const one = quota({ per: 'Caller', match: { ...everything, method: 'GET' } });
    await mesh.program([one]);
    const first = await untilShared(one, [
      ['page', {}],
      ['other', {}],
    ]);
    const [page, other] = await Promise.all([calls('page', 300), calls('other', 300)]);

    // What comes while a server reports is admitted, and counts.
    for (const [index, answers] of [page, other].entries()) {
      const all = admitted([...(first[index] ?? []), ...answers]);
      expect(all).toBeGreaterThanOrEqual(95);
      expect(all).toBeLessThanOrEqual(130);
    }
    expect(page.at(-1)).toMatchObject({
      status: 429,
      headers: {
        'x-ratelimit-limit': `100, 100;w=${periodMs / 1_000}`,
        'x-ratelimit-remaining': '0',
        'retry-after': expect.stringMatching(/^\d{1,5}$/),
        'x-ratelimit-reset': expect.stringMatching(/^\d{1,5}$/),
        'x-meshwright-refused': expect.stringMatching(/^quota\/quota-\d+$/),
      },
    });
  });

  test('refuses calls of gRPC with RESOURCE_EXHAUSTED, and no others', async () => {
    const match = { ...everything, method: 'POST' } as const;
    const one = quota({ requests: 1, match });
    await mesh.program([one]);
    const grpc: Call = { method: 'POST', headers: { 'content-type': 'application/grpc' } };

    const refused = await refusal(one, grpc);

    expect(refused).toMatchObject({ status: 200, headers: { 'grpc-status': '8' } });
    expect(admitted(await calls('page', 10))).toBe(10);
  });

  test('more keys than are told apart share one bucket', async () => {
    await mesh.program([quota({ requests: 1, per: { header: 'x-user' } })]);
    const statuses: number[] = [];
    const areTheSame = (): boolean =>
      statuses.length >= 100 && statuses.slice(-100).every((it) => it === 429);
    // Which of the servers gets how many is for the load balancer to say.
    while (!areTheSame() && statuses.length < mostUsers) {
      const answers = Array.from({ length: 20 }, (_, index) =>
        call(mesh.ports.page, { headers: { 'x-user': `user-${statuses.length + index}` } }),
      );
      // oxlint-disable-next-line no-await-in-loop -- twenty at a time
      for (const { status } of await Promise.all(answers)) statuses.push(status);
    }

    expect(statuses.slice(0, 500)).not.toContain(429);
    expect(statuses.slice(-100)).toEqual(Array.from({ length: 100 }, () => 429));
  });

  /** Requests that were admitted, `before` included: at least 90 of 100. A server that has used up its share refuses until shares are divided again. */
  const untilUsedUp = async (before: number): Promise<number> => {
    let all = before;
    await poll(
      async () => {
        all += admitted(await calls('page', 20));
        return all >= 90 ? true : undefined;
      },
      { intervalMs: 200, deadlineMs: 60_000 },
    );
    return all + admitted(await calls('page', 200));
  };

  test('goes on to hold when others come, for servers that report to different replicas', async () => {
    const lasting = quota();
    await mesh.program([lasting]);
    const before = admitted(await calls('page', 40));
    await mesh.program([lasting, quota({ match: { ...everything, method: 'POST' } })]);
    // Shares are divided by what was asked for: of 60 that are left.
    await until('both have reported again', () => mesh.reportsOf(quotaKey(lasting)) >= 6);

    const all = await untilUsedUp(before);

    expect(all).toBeLessThanOrEqual(110);
  });

  test('holds for each value of a claim of a token, whatever callers write into its header', async () => {
    const key = await issueKey('one', 'ES256');
    const [ann, bob] = await Promise.all(['ann', 'bob'].map((sub) => key.sign({ sub })));
    const claimsToHeaders = [{ claim: ['sub'], header: 'x-user-id' }];
    const jwt = { name: 'corp', issuer: issuerName, jwks: { inline: keySet(key) }, claimsToHeaders };
    const guard = guardOf([{ authentication: { jwt: [jwt] } }]);
    const one = quota({ requests: 20, per: { header: 'x-user-id' } });
    await mesh.program([one], guard);
    const as = (token: string | undefined, forged: string): Call => ({
      headers: { authorization: `Bearer ${token}`, 'x-user-id': forged },
    });
    const callsAs = async (token: string | undefined, forged: string): Promise<number> =>
      admitted(await calls('page', 60, as(token, forged)));

    const [firstOfAnn = [], firstOfBob = []] = await untilShared(one, [
      ['page', as(ann, 'bob')],
      ['page', as(bob, 'ann')],
    ]);
    const ofAnn = admitted(firstOfAnn) + (await callsAs(ann, 'bob'));
    const ofBob = admitted(firstOfBob) + (await callsAs(bob, 'ann'));

    for (const used of [ofAnn, ofBob]) {
      expect(used).toBeGreaterThanOrEqual(15);
      expect(used).toBeLessThanOrEqual(40);
    }
    expect(await callsAs(ann, 'carl')).toBeLessThanOrEqual(5);
  });

  test('tells values apart that are no text, and those that spell their bytes', async () => {
    const one = quota({ requests: 20, per: { header: 'x-user' } });
    await mesh.program([one]);
    const as = (user: string): Call => ({ headers: { 'x-user': user } });
    const callsAs = async (user: string): Promise<number> => admitted(await calls('page', 60, as(user)));

    // Node sends characters below 256 as single bytes: no UTF-8.
    const users = ['\u00e9', '\u00e8', 'a\u00e9', '%E9'];
    const first = await untilShared(
      one,
      users.map((user) => ['page', as(user)] as const),
    );
    for (const [index, user] of users.entries()) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const count = admitted(first[index] ?? []) + (await callsAs(user));
      expect([user, count >= 15, count <= 40]).toEqual([user, true, true]);
    }
    expect(await callsAs('\u00e9')).toBeLessThanOrEqual(5);
  });

  test('says when to come again by its own window, whatever others of the same name there are', async () => {
    const match = { ...everything, method: 'PUT' } as const;
    const ofPut = quota({ id: 'shop/reviews/same', requests: 10, window: 'Sliding', match });
    const ofGet = quota({ id: 'shop/other/same', requests: 10, match: { ...match, method: 'GET' } });
    await mesh.program([ofPut, ofGet]);

    const [sliding, fixed] = await Promise.all([
      refusal(ofPut, { method: 'PUT' }),
      refusal(ofGet, { method: 'GET' }),
    ]);

    expect(sliding?.headers).toMatchObject({
      'x-meshwright-refused': 'quota/same',
      'retry-after': `${periodMs / 10_000}`,
    });
    expect(fixed?.headers['x-meshwright-refused']).toBe('quota/same');
    const wait = Number(fixed?.headers['retry-after']);
    expect(Math.abs(wait - (periodMs - (Date.now() % periodMs)) / 1_000)).toBeLessThan(60);
  });

  test('holds when a server begins anew, which knows nothing of its share', async () => {
    const one = quota();
    await mesh.program([one]);
    const before = admitted(await calls('page', 60));
    await until('both have reported again', () => mesh.reportsOf(quotaKey(one)) >= 6);
    await mesh.served.restart('server-0', closing);
    const anew = mesh.served.sidecar('server-0');
    await anew.waitFor(() => anew.ready());
    await mesh.served.programmed();
    // What comes before it has a share is admitted: these, as servers are asked in turn.
    const reports = mesh.reportsOf(quotaKey(one));
    const first = [await call(mesh.ports.page), await call(mesh.ports.page)];
    // It reports at once, and the other one within five seconds.
    await until('it has reported, and the other one again', () => {
      return mesh.reportsOf(quotaKey(one)) >= reports + 2;
    });
    await mesh.obeyed();

    const all = await untilUsedUp(before + admitted(first));

    expect(all).toBeLessThanOrEqual(120);
  });

  test('counts what a header says a request costs, and what is no cost as the highest', async () => {
    const cost = { header: 'x-cost', default: 2, maximum: 5 };
    const costing = quota({ requests: 100, per: { header: 'x-user' }, cost });
    await mesh.program([costing]);
    // Each as another user: how many of a hundred units are admitted.
    const costs: readonly (readonly [said: string | null, cost: number])[] = [
      ['1', 1],
      ['4', 4],
      [null, 2],
      ...['5', '6', '1000000', '0', '-1', '03', '2.5', '1e0', 'x', '', '\u00FF', '1, 1'].map(
        (said) => [said, 5] as const,
      ),
    ];
    const as = (said: string | null): Call => ({
      headers: { 'x-user': `user-${said}`, ...(said === null ? {} : { 'x-cost': said }) },
    });
    const first = await untilShared(
      costing,
      costs.map(([said]) => ['page', as(said)] as const),
    );
    for (const [index, [said, each]] of costs.entries()) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const count = admitted(first[index] ?? []) + admitted(await calls('page', 150, as(said)));
      // Ten calls at a time come while a server reports, and a tenth is kept for servers that have not asked.
      expect([said, count * each >= 75, (count - 20) * each <= 100]).toEqual([said, true, true]);
    }
  });
});
