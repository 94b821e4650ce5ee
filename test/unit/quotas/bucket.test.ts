// A bucket: who may admit what, as sidecars report.
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { Bucket, holdsMs } from '../../../operator/quotas/bucket.ts';
import type { Assignment, QuotaRule } from '../../../operator/quotas/rule.ts';

const hourMs = 3_600_000;
const of = (servers: number): ReadonlySet<string> =>
  new Set(Array.from({ length: servers }, (_, index) => 'abcd'.charAt(index)));
const rule = (parts: Partial<QuotaRule> = {}): QuotaRule => ({
  limit: 100,
  periodMs: hourMs,
  servers: of(2),
  window: 'Fixed',
  burst: null,
  isEnforced: true,
  ...parts,
});
const usage = (allowed: number, denied = 0): { readonly allowed: number; readonly denied: number } => ({
  allowed,
  denied,
});

describe('of a long period', () => {
  test('the first to ask gets an even share of what is left, and so do the others', () => {
    const bucket = new Bucket(rule(), 0);

    expect(bucket.report(rule(), 'a', usage(2), 0)).toEqual({ type: 'Tokens', tokens: 49 });
    expect(bucket.report(rule(), 'b', usage(0, 1), 10)).toEqual({ type: 'Tokens', tokens: 49 });
  });

  test('who is asked more gets more, once it has reported', () => {
    const bucket = new Bucket(rule({ limit: 1_000 }), 0);
    const wide = rule({ limit: 1_000 });
    bucket.report(wide, 'busy', usage(1), 0);
    bucket.report(wide, 'quiet', usage(1), 0);

    bucket.report(wide, 'quiet', usage(10), 5_000);
    const busy = bucket.report(wide, 'busy', usage(190), 5_000);

    // All that the quiet one does not hold.
    expect(tokensOf(busy)).toBe(310);
    bucket.report(wide, 'quiet', usage(10), 10_000);
    expect(tokensOf(bucket.report(wide, 'busy', usage(190), 10_000))).toBeGreaterThan(500);
  });

  test('nothing is left when it is used up', () => {
    const bucket = new Bucket(rule(), 0);
    bucket.report(rule(), 'a', usage(1), 0);

    expect(bucket.report(rule(), 'a', usage(99, 5), 5_000)).toEqual({ type: 'Tokens', tokens: 0 });
    expect(bucket.counts).toEqual({ allowed: 100, denied: 5 });
  });

  test('all have their shares of the next window when one ends', () => {
    const bucket = new Bucket(rule(), hourMs - 2_000);
    bucket.report(rule(), 'a', usage(60), hourMs - 2_000);
    bucket.report(rule(), 'b', usage(40), hourMs - 2_000);

    expect(bucket.nextWindow(rule(), hourMs - 1)).toEqual(new Map());
    expect(bucket.nextWindow(rule(), hourMs)).toEqual(
      new Map([
        ['a', { type: 'Tokens', tokens: 50 }],
        ['b', { type: 'Tokens', tokens: 50 }],
      ]),
    );
  });

  test('what was admitted before a window ended does not count in the next', () => {
    const bucket = new Bucket(rule(), hourMs - 5_000);
    bucket.report(rule(), 'a', usage(1), hourMs - 5_000);
    bucket.nextWindow(rule(), hourMs);

    // Evenly over ten seconds, half of which are of this window.
    bucket.report(rule(), 'a', usage(40), hourMs + 5_000);

    expect(bucket.counts.allowed).toBe(20);
  });

  test('what had been used up before a window ended was not admitted after its last report', () => {
    const bucket = new Bucket(rule({ servers: of(1) }), hourMs - 5_000);
    bucket.report(rule({ servers: of(1) }), 'a', usage(100), hourMs - 5_000);
    bucket.nextWindow(rule({ servers: of(1) }), hourMs);

    bucket.report(rule({ servers: of(1) }), 'a', usage(100), hourMs + 1_000);

    expect(bucket.counts.allowed).toBe(100);
  });

  test('what one holds that is silent is free again', () => {
    const bucket = new Bucket(rule(), 0);
    bucket.report(rule(), 'a', usage(1), 0);
    bucket.report(rule(), 'b', usage(1), 0);

    bucket.report(rule(), 'b', usage(0), holdsMs / 2);
    const alone = bucket.report(rule({ servers: of(1) }), 'b', usage(1), holdsMs);

    expect(alone).toEqual({ type: 'Tokens', tokens: 97 });
  });

  test('who is silent has no share of the next window', () => {
    const bucket = new Bucket(rule(), hourMs - holdsMs);
    bucket.report(rule(), 'a', usage(1), hourMs - holdsMs);
    bucket.report(rule(), 'b', usage(1), hourMs - 1_000);

    expect([...bucket.nextWindow(rule(), hourMs).keys()]).toEqual(['b']);
    expect(bucket.holders).toBe(1);
  });

  test('a bucket that nobody asks for is forgotten by the sidecar, and what was used is not', () => {
    const bucket = new Bucket(rule(), 0);
    bucket.report(rule(), 'a', usage(3), 0);
    for (let nowMs = 5_000; nowMs < 60_000; nowMs += 5_000) bucket.report(rule(), 'a', usage(0), nowMs);

    expect(bucket.report(rule(), 'a', usage(0), 60_000)).toEqual({ type: 'Forget' });
    expect(bucket).toMatchObject({ counts: usage(3), holders: 0, isEmpty: false });
  });

  test('a quota smaller than the number of servers goes to those who ask first', () => {
    const small = rule({ limit: 2, servers: of(3) });
    const bucket = new Bucket(small, 0);

    const all = ['a', 'b', 'c'].map((name) => tokensOf(bucket.report(small, name, usage(0, 1), 0)));

    expect(all.toSorted((a, b) => a - b)).toEqual([0, 1, 1]);
  });
});

test('of a short period a sidecar has a share of the rate', () => {
  const short = rule({ limit: 10, periodMs: 1_000 });
  const bucket = new Bucket(short, 0);

  expect(bucket.report(short, 'a', usage(1), 0)).toEqual({
    type: 'Rate',
    burst: 5,
    tokens: 5,
    periodMs: 1_000,
  });
  expect(bucket.report(short, 'b', usage(1), 0)).toEqual({
    type: 'Rate',
    burst: 5,
    tokens: 5,
    periodMs: 1_000,
  });
});

test('a burst is divided as the rate', () => {
  const bursts = rule({ limit: 1_000, window: 'Sliding', burst: 10 });
  const bucket = new Bucket(bursts, 0);

  expect(bucket.report(bursts, 'a', usage(1), 0)).toEqual({
    type: 'Rate',
    burst: 5,
    tokens: 500,
    periodMs: hourMs,
  });
});

test('a sliding window counts what was admitted in the last period', () => {
  const sliding = rule({ window: 'Sliding', servers: of(1) });
  const bucket = new Bucket(sliding, 0);
  bucket.report(sliding, 'a', usage(1), hourMs - 5_000);
  bucket.report(sliding, 'a', usage(99), hourMs - 1_000);

  expect(bucket.nextWindow(sliding, hourMs)).toEqual(new Map());
  expect(tokensOf(bucket.report(sliding, 'a', usage(0, 1), hourMs))).toBe(0);
  // A quarter of the hour, with which a quarter of what was used.
  expect(tokensOf(bucket.report(sliding, 'a', usage(0, 1), 1.25 * hourMs))).toBe(25);
  bucket.report(sliding, 'a', usage(25), 1.25 * hourMs + 5_000);
  expect(tokensOf(bucket.report(sliding, 'a', usage(0, 1), 2 * hourMs - 1_000))).toBe(74);
});

test('a quota that only tells admits all, and counts', () => {
  const audited = rule({ isEnforced: false });
  const bucket = new Bucket(audited, 0);

  expect(bucket.report(audited, 'a', usage(1), 0)).toEqual({ type: 'Allow' });
  expect(bucket.report(audited, 'a', usage(500), 5_000)).toEqual({ type: 'Allow' });
  expect(bucket.counts.allowed).toBe(501);
});

const step = fc.record({
  sidecar: fc.constantFrom('a', 'b', 'c', 'd'),
  /** Of what it may admit. */
  part: fc.double({ min: 0, max: 1, noNaN: true }),
  denied: fc.nat(100),
  afterMs: fc.nat(6_000),
});

test('whatever sidecars do with their shares, they never admit more than there is in a window', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 1_000 }), (steps, limit) => {
      const one = rule({ limit, periodMs: 10 * hourMs, servers: of(4) });
      const bucket = new Bucket(one, 0);
      const held = new Map<string, number>();
      let [nowMs, admitted] = [0, 0];
      for (const { sidecar, part, denied, afterMs } of steps) {
        nowMs += afterMs;
        const has = held.get(sidecar);
        const used = Math.floor((has ?? 0) * part);
        admitted += used;
        const assignment = bucket.report(one, sidecar, usage(used, denied), nowMs);
        held.set(sidecar, tokensOf(assignment));
        // As often as Envoy: none is silent.
        for (const other of held.keys()) if (other !== sidecar) bucket.report(one, other, usage(0, 1), nowMs);
        expect(bucket.counts.allowed).toBe(admitted);
        expect(admitted).toBeLessThanOrEqual(limit);
      }
    }),
  );
});

function tokensOf(assignment: Assignment): number {
  return 'tokens' in assignment ? assignment.tokens : 0;
}
