import { expect, test } from '@jest/globals';
import type { ObjectStatus } from '../../../operator/ports/platform.ts';
import { ProvenGenerations } from '../../../operator/status/proven.ts';

function status(programmed: number, total: number, is: 'True' | 'False' = 'True'): ObjectStatus {
  const condition = { type: 'Programmed', status: is, reason: 'Programmed', message: 'It is.' };
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  return {
    conditions: [{ ...condition, observedGeneration: 3, lastTransitionTime }],
    proxies: { programmed, total, summary: `${programmed}/${total}` },
  };
}

test.each([
  ['True of all', status(2, 2), 3],
  ['True, though one has been out of reach for long', status(1, 2), undefined],
  ['not True', status(2, 2, 'False'), undefined],
])('a generation is proven only by all: %s', (_case, written, expected) => {
  const proven = new ProvenGenerations();

  proven.note([['TrafficPolicy/shop/a', written]]);

  expect(proven.all().get('TrafficPolicy/shop/a')).toBe(expected);
});
