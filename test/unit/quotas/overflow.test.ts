// Keys too many: they share one bucket, of which a sidecar has one share, and each of its keys a part.
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { holdsMs } from '../../../operator/quotas/bucket.ts';
import { type Assigned, Ledger, mostKeys } from '../../../operator/quotas/ledger.ts';
import { Overflow } from '../../../operator/quotas/overflow.ts';
import type { Assignment, QuotaRule, Usage } from '../../../operator/quotas/rule.ts';

const quota = 'shop/reviews/per-user@shop/reviews';
const hourMs = 3_600_000;
const rule: QuotaRule = {
  limit: 100,
  periodMs: hourMs,
  window: 'Fixed',
  burst: null,
  isEnforced: true,
  servers: new Set(['a', 'b']),
};
const usage = (allowed: number, denied = 0): Usage => ({ allowed, denied });
const asked = (...keys: readonly string[]): { readonly key: string; readonly usage: Usage }[] =>
  keys.map((key) => ({ key, usage: usage(1) }));

function tokensOf(assignment: Assignment): number {
  return 'tokens' in assignment ? assignment.tokens : 0;
}

function sum(assigned: readonly Pick<Assigned, 'assignment'>[]): number {
  return assigned.reduce((total, { assignment }) => total + tokensOf(assignment), 0);
}

test('all keys of a sidecar together have no more than its share', () => {
  const overflow = new Overflow(rule, 0);

  const assigned = overflow.report(rule, 'a', asked('one', 'two', 'three'), 0);

  // Of 97 that are left half are for the other sidecar, and a part of the rest is for the next key.
  expect(assigned.map(({ assignment }) => assignment)).toEqual([
    { type: 'Tokens', tokens: 12 },
    { type: 'Tokens', tokens: 12 },
    { type: 'Tokens', tokens: 12 },
  ]);
  expect(tokensOf(overflow.report(rule, 'a', asked('four'), 0)[0]?.assignment ?? { type: 'Allow' })).toBe(6);
});

test('a sidecar with many keys leaves others as much as one with a single key', () => {
  const overflow = new Overflow(rule, 0);
  overflow.report(rule, 'a', asked(...Array.from({ length: 40 }, (_, index) => `key-${index}`)), 0);

  expect(sum(overflow.report(rule, 'b', asked('mine'), 0))).toBeGreaterThan(10);
});

test('all have their parts of the next window when one ends', () => {
  const overflow = new Overflow(rule, hourMs - 1_000);
  overflow.report(rule, 'a', [{ key: 'one', usage: usage(70) }, ...asked('two')], hourMs - 1_000);
  overflow.report(rule, 'b', [{ key: 'one', usage: usage(29) }], hourMs - 1_000);

  const next = overflow.nextWindow(rule, hourMs);

  expect(next).toEqual(
    new Map([
      ['a', ['one', 'two'].map((key) => ({ key, assignment: { type: 'Tokens', tokens: 16 } }))],
      ['b', [{ key: 'one', assignment: { type: 'Tokens', tokens: 25 } }]],
    ]),
  );
});

test('a key that nobody asks for is forgotten, the others are not', () => {
  const overflow = new Overflow(rule, 0);
  for (let nowMs = 0; nowMs < 60_000; nowMs += 5_000)
    overflow.report(
      rule,
      'a',
      [...(nowMs === 0 ? asked('one') : [{ key: 'one', usage: usage(0) }]), ...asked('two')],
      nowMs,
    );

  const later = overflow.report(rule, 'a', [{ key: 'one', usage: usage(0) }, ...asked('two')], 60_000);

  expect(later).toMatchObject([{ assignment: { type: 'Forget' } }, { assignment: { type: 'Tokens' } }]);
});

test('of a rate each key has a part of the rate', () => {
  const rate: QuotaRule = { ...rule, limit: 90, periodMs: 1_000 };
  const overflow = new Overflow(rate, 0);

  const assigned = overflow.report(rate, 'a', asked('one', 'two'), 0);

  const part = { type: 'Rate', tokens: 15, burst: 15, periodMs: 1_000 };
  expect(assigned.map(({ assignment }) => assignment)).toEqual([part, part]);
});

const step = fc.record({
  sidecar: fc.constantFrom('a', 'b'),
  keys: fc.uniqueArray(fc.constantFrom('one', 'two', 'three', 'four'), { minLength: 1 }),
  part: fc.double({ min: 0, max: 1, noNaN: true }),
});

test('whatever keys are asked for, no more is admitted than there is', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 300 }), (steps, limit) => {
      const one: QuotaRule = { ...rule, limit };
      const overflow = new Overflow(one, 0);
      const held = new Map<string, number>();
      let admitted = 0;
      steps.forEach(({ sidecar, keys, part }, index) => {
        const reported = keys.map((key) => {
          const used = Math.floor((held.get(`${sidecar} ${key}`) ?? 0) * part);
          admitted += used;
          return { key, usage: usage(used, 1) };
        });
        for (const { key, assignment } of overflow.report(one, sidecar, reported, index))
          held.set(`${sidecar} ${key}`, tokensOf(assignment));
      });
      expect(admitted).toBeLessThanOrEqual(limit);
    }),
  );
});

test('keys beyond those that are counted share what one admits, and sidecars that are gone hold nothing of it', () => {
  const ledger = new Ledger();
  ledger.setRules(new Map([[quota, rule]]));
  const report = (sidecar: string, keys: readonly string[], nowMs: number): readonly Assigned[] =>
    ledger.report(
      sidecar,
      asked(...keys).map((one) => ({ quota, ...one })),
      nowMs,
    );
  report(
    'a',
    Array.from({ length: mostKeys }, (_, index) => `own-${index}`),
    0,
  );

  const others = report('a', ['one', 'two', 'three'], 0);
  // Then it is gone.
  const innocent = report('b', ['mine'], holdsMs);

  expect(sum(others)).toBeLessThanOrEqual(50);
  expect(sum(innocent)).toBeGreaterThanOrEqual(30);
});

test('what nobody holds and nothing is used of is forgotten before a window ends', () => {
  const ledger = new Ledger();
  ledger.setRules(new Map([[quota, rule]]));
  ledger.report('a', [{ quota, key: 'one', usage: usage(0) }], 0);
  expect(ledger.nextMs(0)).toBe(holdsMs);

  expect(ledger.tick(holdsMs)).toEqual(new Map());

  expect(ledger.nextMs(holdsMs)).toBeNull();
});
