// All buckets: whatever sidecars admit of their shares, they do not admit more than the quota, over all replicas and changes of the leader.
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { type Counts, Ledger, type LedgerHost } from '../../../operator/quotas/ledger.ts';
import type { QuotaRule } from '../../../operator/quotas/rule.ts';

const quota = 'shop/reviews/all@shop/reviews';
const rule: QuotaRule = {
  limit: 100,
  periodMs: 3_600_000,
  window: 'Fixed',
  burst: null,
  isEnforced: true,
  servers: new Set(['a', 'b', 'c', 'd']),
};

function newLeader(parts: Partial<QuotaRule> = {}, host: Partial<LedgerHost> = {}): Ledger {
  const ledger = new Ledger({ counted: () => undefined, dropped: () => undefined, ...host });
  ledger.setRules(new Map([[quota, { ...rule, ...parts }]]));
  return ledger;
}

/** As Envoy does it, but that it refuses what comes before its first share. */
class Sidecar {
  #level = 0;
  #usage = { allowed: 0, denied: 0 };
  admitted = 0;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  call(requests: number): void {
    const allowed = Math.min(requests, this.#level);
    this.#level -= allowed;
    this.admitted += allowed;
    this.#usage = {
      allowed: this.#usage.allowed + allowed,
      denied: this.#usage.denied + requests - allowed,
    };
  }

  report(to: Ledger, nowMs: number): void {
    const usage = this.#usage;
    this.#usage = { allowed: 0, denied: 0 };
    for (const { assignment } of to.report(this.#name, [{ quota, key: '*', usage }], nowMs)) {
      if (assignment.type === 'Tokens') this.#level = assignment.tokens;
      if (assignment.type === 'Forget') this.#level = 0;
    }
  }
}

const sidecar = fc.nat({ max: 3 });
const event = fc.oneof(
  { weight: 5, arbitrary: fc.record({ calls: sidecar, requests: fc.integer({ min: 1, max: 120 }) }) },
  { weight: 5, arbitrary: fc.record({ reports: sidecar }) },
  { weight: 1, arbitrary: fc.constant('another leader' as const) },
);

test('what all admit is the quota at most, and once more for each leader that begins anew', () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 40, maxLength: 120, size: 'max' }), (events) => {
      const sidecars = ['a', 'b', 'c', 'd'].map((name) => new Sidecar(name));
      let leader = newLeader();
      let leaders = 1;
      // Faster than shares end.
      events.forEach((one, index) => {
        if (one === 'another leader') {
          leader = newLeader();
          leaders += 1;
        } else if ('calls' in one) sidecars[one.calls]?.call(one.requests);
        else sidecars[one.reports]?.report(leader, index * 100);
      });

      const admitted = sidecars.reduce((sum, it) => sum + it.admitted, 0);
      expect(admitted).toBeLessThanOrEqual(rule.limit * leaders);
    }),
  );
});

test('all of a quota is admitted to those who ask for it', () => {
  const leader = newLeader({ servers: new Set(['a', 'b']) });
  const sidecars = [new Sidecar('a'), new Sidecar('b')];
  for (let round = 0; round < 8; round += 1) {
    for (const it of sidecars) it.report(leader, round * 5_000);
    for (const it of sidecars) it.call(100);
  }

  expect(sidecars.reduce((sum, it) => sum + it.admitted, 0)).toBe(100);
});

test.each<[string, Partial<QuotaRule>, number]>([
  ['on trial', { isEnforced: false }, 20],
  ['enforced', {}, 20],
  ['of a rate', { periodMs: 1_000 }, 0],
])('a quota %s: what is admitted beyond it is told apart', (_what, parts, over) => {
  const told: Counts[] = [];
  const leader = newLeader(parts, { counted: (_quota, counts) => told.push(counts) });

  leader.report('a', [{ quota, key: '*', usage: { allowed: 90, denied: 0 } }], 0);
  leader.report('b', [{ quota, key: '*', usage: { allowed: 30, denied: 5 } }], 0);

  expect(told).toEqual([
    { admitted: 90, over: 0, refused: 0 },
    { admitted: 30 - over, over, refused: 5 },
  ]);
});

test('who uses how much is told of the present window, the five with the most requests first', () => {
  const leader = newLeader();
  const report = (key: string, allowed: number, denied: number, nowMs: number): unknown =>
    leader.report('a', [{ quota, key, usage: { allowed, denied } }], nowMs);
  report('user-1', 1, 90, 0);
  for (let user = 2; user < 9; user += 1) report(`user-${user}`, user, 0, 0);

  const [usage, ...others] = leader.usage(0);

  expect(others).toEqual([]);
  expect(usage).toMatchObject({ quota, sinceMs: 0, keys: 8, total: { allowed: 36, denied: 90 } });
  expect(usage?.top.map(({ key }) => key)).toEqual(['user-1', 'user-8', 'user-7', 'user-6', 'user-5']);
  expect(leader.usage(rule.periodMs)).toEqual([]);
});

test('nothing is told of a quota that is not known', () => {
  const told: Counts[] = [];
  const leader = newLeader({}, { counted: (_quota, counts) => told.push(counts) });
  leader.setRules(new Map());

  expect(leader.report('a', [{ quota, key: '*', usage: { allowed: 1, denied: 0 } }], 0)).toEqual([]);
  expect(told).toEqual([]);
});

test('what a sidecar reports of a quota that its workload does not have counts for nobody', () => {
  const [told, dropped]: [Counts[], string[][]] = [[], []];
  const leader = newLeader(
    {},
    { counted: (_quota, counts) => told.push(counts), dropped: (...of) => dropped.push(of) },
  );

  expect(leader.report('stranger', [{ quota, key: '*', usage: { allowed: 100, denied: 0 } }], 0)).toEqual([]);

  expect(told).toEqual([]);
  expect(dropped).toEqual([[quota, 'stranger']]);
  const assigned = leader.report('a', [{ quota, key: '*', usage: { allowed: 1, denied: 0 } }], 0);
  expect(assigned).toMatchObject([{ assignment: { type: 'Tokens', tokens: 25 } }]);
});
