// Ways to the sidecars of other replicas: as many as are heard.
import { expect, test } from '@jest/globals';
import { QuotaWays } from '../../../operator/replicas/quota-ways.ts';

test('the way by which the latest report of a sidecar came', () => {
  const ways = new QuotaWays<string>();
  ways.heard('Pod/shop/a', 'one', 0);
  ways.heard('Pod/shop/b', 'one', 0);

  ways.heard('Pod/shop/a', 'two', 1);
  ways.remove('one');

  expect(ways.to('Pod/shop/a')).toBe('two');
  expect(ways.to('Pod/shop/b')).toBeUndefined();
});

test('pods that are gone are forgotten, however many there have been', () => {
  const ways = new QuotaWays<string>();

  for (let pod = 0; pod < 1_000; pod += 1) ways.heard(`Pod/shop/${pod}`, 'follower', pod * 5_000);

  expect(ways.size).toBe(12);
  expect(ways.to('Pod/shop/999')).toBe('follower');
  expect(ways.to('Pod/shop/0')).toBeUndefined();
});
