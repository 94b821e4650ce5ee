import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  type Claim,
  type Contestant,
  decide,
  type Decisions,
  type Level,
  outcomesOf,
} from '../../../../operator/translate/policies/contest.ts';

function policy(name: string): Contestant {
  return { kind: 'TrafficPolicy', metadata: { name, namespace: 'shop' } };
}

const [older, newer, third] = [policy('older'), policy('newer'), policy('third')] as const;

function claim(by: Contestant, level: Level, slot = 'timeout.request'): Claim<Contestant> {
  return { policy: by, level, slot };
}

function winners(decisions: Decisions<Contestant>): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries([...decisions].map(([slot, [first]]) => [slot, first?.policy.metadata.name]));
}

describe('decide', () => {
  it.each([
    { it: 'a stronger level wins, however young', claims: [claim(older, 'Mesh'), claim(newer, 'Namespace')] },
    {
      it: 'a workload is stronger than a Service',
      claims: [claim(older, 'Service'), claim(newer, 'Workload')],
    },
    { it: 'a port is stronger than its Service', claims: [claim(older, 'Service'), claim(newer, 'Port')] },
    { it: 'within a level the older wins', claims: [claim(newer, 'Service'), claim(older, 'Service')] },
  ])('$it', ({ claims }) => {
    expect(winners(decide(claims))).toEqual({ 'timeout.request': 'newer' });
  });

  it('decides slot by slot', () => {
    const decisions = decide([
      claim(older, 'Service', 'timeout.request'),
      claim(older, 'Service', 'retry.attempts'),
      claim(newer, 'Port', 'retry.attempts'),
    ]);

    expect(winners(decisions)).toEqual({ 'timeout.request': 'older', 'retry.attempts': 'newer' });
  });

  const levels = ['Mesh', 'Namespace', 'Service', 'Workload', 'Port', 'Route'] as const;
  const claims = fc.array(
    fc.record({
      policy: fc.constantFrom(older, newer, third),
      level: fc.constantFrom(...levels),
      slot: fc.constantFrom('a', 'b'),
    }),
    { maxLength: 12 },
  );

  it('whatever is claimed: nobody stronger loses, and of equals nobody earlier', () => {
    fc.assert(
      fc.property(claims, (all) => {
        for (const [slot, [winner]] of decide(all)) {
          const rivals = all.filter((one) => one.slot === slot);
          const strongest = Math.max(...rivals.map(({ level }) => levels.indexOf(level)));
          expect(winner).toBe(rivals.find(({ level }) => levels.indexOf(level) === strongest));
        }
      }),
    );
  });
});

describe('outcomesOf', () => {
  it('says who is in effect, and who lost what to whom, where', () => {
    const outcomes = outcomesOf([
      [
        'shop/reviews/80',
        decide([
          claim(older, 'Service'),
          claim(newer, 'Service'),
          claim(newer, 'Service', 'retry.attempts'),
          claim(third, 'Port', 'retry.attempts'),
        ]),
      ],
      ['shop/reviews/81', decide([claim(older, 'Service'), claim(newer, 'Service')])],
    ]);

    expect(outcomes.get(older)).toEqual({ isInEffect: true, defeats: [] });
    expect(outcomes.get(third)).toEqual({ isInEffect: true, defeats: [] });
    expect(outcomes.get(newer)).toEqual({
      isInEffect: false,
      defeats: [
        {
          winner: older,
          level: 'Service',
          isSameLevel: true,
          slots: ['timeout.request'],
          places: ['shop/reviews/80', 'shop/reviews/81'],
        },
        {
          winner: third,
          level: 'Port',
          isSameLevel: false,
          slots: ['retry.attempts'],
          places: ['shop/reviews/80'],
        },
      ],
    });
  });

  it('tells apart places at which different things were lost to the same winner', () => {
    const both = [claim(older, 'Service'), claim(older, 'Service', 'retry.attempts')];
    const outcomes = outcomesOf([
      ['one', decide([...both, claim(newer, 'Mesh')])],
      ['two', decide([...both, claim(newer, 'Mesh'), claim(newer, 'Mesh', 'retry.attempts')])],
    ]);

    expect(outcomes.get(newer)?.defeats.map(({ slots, places }) => ({ slots, places }))).toEqual([
      { slots: ['retry.attempts', 'timeout.request'], places: ['two'] },
      { slots: ['timeout.request'], places: ['one'] },
    ]);
  });

  it('names winners in the order in which all would lose to them, whatever the order of the places', () => {
    const places = [
      ['one', decide([claim(newer, 'Service'), claim(third, 'Service')])],
      ['two', decide([claim(older, 'Service'), claim(third, 'Service')])],
    ] as const;
    const named = (order: typeof places | readonly (typeof places)[number][]): unknown =>
      outcomesOf(order)
        .get(third)
        ?.defeats.map(({ winner }) => winner.metadata.name);

    expect(named(places)).toEqual(['newer', 'older']);
    expect(named(places.toReversed())).toEqual(['newer', 'older']);
  });

  it('nobody loses to itself', () => {
    const outcomes = outcomesOf([['one', decide([claim(older, 'Port'), claim(older, 'Service')])]]);

    expect(outcomes.get(older)).toEqual({ isInEffect: true, defeats: [] });
  });
});
