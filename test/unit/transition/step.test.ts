// One step after the other of one port, by hand and in random histories.
import * as fc from 'fast-check';
import { describe, expect, test } from '@jest/globals';
import { type Memory, type Seen, step } from '../../../operator/transition/step.ts';
import type { StoredPlace } from '../../../operator/transition/stored-places.ts';
import { runs } from '../../support/runs.ts';

const now = 1_800_000_000_000;
const minute = 60_000;
const quiet = { wish: 'Strict', quietMs: 10 * minute } as const;
const open: StoredPlace = { attempts: 0, strictSinceMs: null };

function seen(
  atMs: number,
  callers: readonly number[] = [],
  reporters: Seen['reporters'] | null = null,
): Seen {
  return {
    callers: callers.map((lastMs) => ({ address: '10.0.0.7', count: 3, lastMs })),
    reporters: reporters ?? [{ workload: 'Pod/shop/a', lastMs: atMs - 5_000 }],
  };
}

function memory(quietSinceMs: number): Memory {
  return { quietSinceMs, reports: new Map([['Pod/shop/a', now - 10_000]]), refused: [] };
}

describe('a port that is to be Strict', () => {
  test('is so at once if nothing is stored of it: it was Strict, or is new', () => {
    expect(step(quiet, { stored: null, memory: null }, seen(now, [now]), now)).toEqual({
      stored: null,
      memory: null,
      waiting: null,
    });
  });

  test('and accepts plaintext waits from when that was seen first', () => {
    const { stored, waiting } = step(quiet, { stored: open, memory: null }, seen(now), now);

    expect(stored).toEqual(open);
    expect(waiting).toMatchObject({ quietSinceMs: now, neededMs: 10 * minute, silent: [], refused: [] });
  });

  test('waits from the last call in plaintext, and names who called', () => {
    const last = now - minute;
    const { stored, waiting } = step(
      quiet,
      { stored: open, memory: memory(now - 20 * minute) },
      seen(now, [last]),
      now,
    );

    expect(stored).toEqual(open);
    expect(waiting).toMatchObject({
      quietSinceMs: last,
      callers: [{ address: '10.0.0.7', count: 3, lastMs: last }],
    });
  });

  test('is Strict when reports cover the whole period', () => {
    const since = now - 10 * minute;

    expect(step(quiet, { stored: open, memory: memory(since) }, seen(now), now).stored).toEqual(open);
    expect(step(quiet, { stored: open, memory: memory(since - 5_000) }, seen(now), now)).toEqual({
      stored: { attempts: 0, strictSinceMs: now },
      memory: null,
      waiting: null,
    });
  });

  test('is not while a sidecar does not report: it may have callers that nobody knows of', () => {
    const reporters = [
      { workload: 'Pod/shop/a', lastMs: now - 1_000 },
      { workload: 'Pod/shop/b', lastMs: null },
      { workload: 'Pod/shop/c', lastMs: now - 31_000 },
    ];
    const { stored, waiting } = step(
      quiet,
      { stored: open, memory: memory(0) },
      seen(now, [], reporters),
      now,
    );

    expect(stored).toEqual(open);
    expect(waiting?.silent).toEqual(['Pod/shop/b', 'Pod/shop/c']);
  });

  test('waits anew after a gap in reports: what is counted meanwhile is lost', () => {
    const reporters = [{ workload: 'Pod/shop/a', lastMs: now }];
    const before = { ...memory(0), reports: new Map([['Pod/shop/a', now - 31_000]]) };

    expect(
      step(quiet, { stored: open, memory: before }, seen(now, [], reporters), now).waiting?.quietSinceMs,
    ).toBe(now);
  });

  test('is at once with Immediate, and nothing stays stored', () => {
    const immediate = { ...quiet, wish: 'Immediate' } as const;

    expect(step(immediate, { stored: open, memory: memory(now) }, seen(now, [now]), now).stored).toBe(null);
    expect(
      step(immediate, { stored: { attempts: 1, strictSinceMs: now }, memory: null }, seen(now), now).stored,
    ).toBe(null);
  });
});

describe('a port that became Strict', () => {
  const strict = { attempts: 0, strictSinceMs: now - minute };

  test('accepts plaintext again if any arrives, tells who called, and waits twice as long', () => {
    const { stored, waiting } = step(quiet, { stored: strict, memory: null }, seen(now, [now - 1_000]), now);

    expect(stored).toEqual({ attempts: 1, strictSinceMs: null });
    expect(waiting).toMatchObject({ refused: [{ address: '10.0.0.7' }], neededMs: 20 * minute });
    const next = step(
      quiet,
      { stored: open, memory: { ...memory(now), refused: waiting?.refused ?? [] } },
      seen(now),
      now,
    );
    expect(next.waiting?.refused).toHaveLength(1);
  });

  test('is not put off by calls from before', () => {
    expect(step(quiet, { stored: strict, memory: null }, seen(now, [now - 2 * minute]), now).stored).toEqual(
      strict,
    );
  });

  test('stays Strict for good when the time is over', () => {
    const later = now + 10 * minute;

    expect(step(quiet, { stored: strict, memory: null }, seen(later), later).stored).toBe(null);
    expect(step(quiet, { stored: null, memory: null }, seen(later, [later]), later).stored).toBe(null);
  });

  test('waits no longer than a day, however often it stepped back', () => {
    const often = { attempts: 100, strictSinceMs: null };

    expect(step(quiet, { stored: often, memory: null }, seen(now), now).waiting?.neededMs).toBe(
      24 * 60 * minute,
    );
  });
});

test('a port that all of its workloads open is remembered as such, without what was', () => {
  const wish = { wish: 'Open', quietMs: 0 } as const;

  expect(step(wish, { stored: null, memory: null }, seen(now), now).stored).toEqual(open);
  expect(
    step(wish, { stored: { attempts: 3, strictSinceMs: now }, memory: null }, seen(now), now).stored,
  ).toEqual(open);
  expect(step(wish, { stored: open, memory: null }, seen(now), now).stored).toBe(open);
});

function happens<T extends string, R extends object>(
  weight: number,
  type: T,
  rest: fc.Arbitrary<R>,
): { readonly weight: number; readonly arbitrary: fc.Arbitrary<({ readonly type: T } & R)[]> } {
  return { weight, arbitrary: rest.map((more) => [{ type, ...more }]) };
}
const nothing = fc.constant({});

/** What happens to a port, one thing after another. */
const happening = fc.oneof(
  happens(4, 'pass', fc.record({ ms: fc.integer({ min: 1, max: 40_000 }) })),
  // Reports come in as usual.
  {
    weight: 4,
    arbitrary: fc
      .integer({ min: 1, max: 12 })
      .map((count) => Array.from({ length: count }, () => ({ type: 'pass' as const, ms: 10_000 }))),
  },
  happens(3, 'plaintext', nothing),
  happens(1, 'wish', fc.record({ wish: fc.constantFrom('Open', 'Strict', 'Strict', 'Immediate') })),
  happens(1, 'restart', nothing),
  happens(1, 'silence', fc.record({ is: fc.constantFrom(true, false, false) })),
  happens(1, 'lost', nothing),
);
/** At first it is open, and then to be Strict. */
const history = fc
  .array(happening, { maxLength: 30 })
  .map((all) => [
    { type: 'pass' as const, ms: 1 },
    { type: 'wish' as const, wish: 'Strict' as const },
    ...all.flat(),
  ]);

function isStrict(wish: string, stored: StoredPlace | null): boolean {
  return wish === 'Immediate' || (wish === 'Strict' && stored?.strictSinceMs !== null);
}

test('in any history: Strict comes only after quiet that was seen, and goes only when plaintext arrives right after', () => {
  let [became, stepped] = [0, 0];
  const wrong = new Set<string>();
  const must = (holds: boolean, what: string): void => void (holds || wrong.add(what));
  fc.assert(
    fc.property(fc.integer({ min: 1_000, max: 30_000 }), history, (quietMs, events) => {
      let wish: 'Open' | 'Strict' | 'Immediate' = 'Open';
      let stored: StoredPlace | null = null;
      let known: Memory | null = null;
      let [at, lastCallMs, reportMs, isSilent] = [now, 0, now, false];
      for (const it of events) {
        const wasStrict = isStrict(wish, stored);
        if (it.type === 'pass') at += it.ms;
        if (it.type === 'plaintext') lastCallMs = at;
        if (it.type === 'wish') wish = it.wish;
        if (it.type === 'restart') known = null;
        if (it.type === 'silence') isSilent = it.is;
        if (it.type === 'lost') [stored, known] = [null, null];
        if (!isSilent) reportMs = at;
        // What is lost never opens a port, and a new wish for Strict is the only thing that turns one into a staged one.
        must(!wasStrict || it.type === 'wish' || isStrict(wish, stored), 'what is lost opens no port');
        const before: StoredPlace | null = stored;
        const reporters = [{ workload: 'a', lastMs: reportMs }];
        const callers = lastCallMs === 0 ? [] : [{ address: 'x', count: 1, lastMs: lastCallMs }];
        const made = step({ wish, quietMs }, { stored, memory: known }, { callers, reporters }, at);
        [stored, known] = [made.stored, made.memory];
        if (wish !== 'Strict') continue;
        const [was, is] = [isStrict(wish, before), isStrict(wish, stored)];
        if (!was && is) {
          became += 1;
          must(at - lastCallMs >= quietMs, 'quiet for the period');
          must(at - reportMs <= 30_000, 'its sidecar reports');
          must(made.waiting === null, 'it waits no more');
        }
        if (was && !is) {
          stepped += 1;
          must((before?.strictSinceMs ?? lastCallMs) < lastCallMs, 'plaintext arrived since it was Strict');
          must(stored?.attempts === (before?.attempts ?? 0) + 1, 'an attempt more');
        }
        must(is || made.waiting !== null, 'it says what it waits for');
        if (wrong.size > 0) throw new Error([...wrong].join());
      }
    }),
    runs(2_000),
  );
  expect([...wrong]).toEqual([]);
  // Otherwise the histories above would prove nothing.
  expect(became).toBeGreaterThan(10);
  expect(stepped).toBeGreaterThan(10);
});
