// What is said of a policy that others override: the message is short, the list of winners is whole.
import { expect, test } from '@jest/globals';
import { overriddenCondition, winnersOf } from '../../../../operator/translate/policies/losses.ts';

const policy = (
  name: string,
): { readonly kind: string; readonly metadata: { readonly namespace: string; readonly name: string } } => ({
  kind: 'TrafficPolicy',
  metadata: { namespace: 'shop', name },
});

test('the message names five winners, the list all of them, each once', () => {
  const loser = policy('loser');
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'g'];
  const winners = names.map(policy);
  const outcome = {
    isInEffect: true,
    defeats: winners.map((winner, at) => ({
      winner,
      level: 'Service' as const,
      isSameLevel: true,
      slots: [`slot-${at}`],
      places: ['shop/reviews/80'],
    })),
  };
  const [condition] = overriddenCondition(loser, outcome);

  expect(condition?.message).toMatch(/3 more policies do the same\.$/);
  expect(winnersOf(outcome)).toEqual(
    ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((it) => `TrafficPolicy/shop/${it}`),
  );
  expect(winnersOf(undefined)).toEqual([]);
});
