// Each page has an address, and each address leads to the page that it came from.
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { linkTo, parsePlace, type Route } from '../../../operator/dashboard/web/route.ts';

const place = { window: 60, range: null } as const;

test.each(['', '#', '#/', '#/?window=5', '#/?range=1h&range=6h'])('%j is the graph', (hash) => {
  expect(parsePlace(hash)).toEqual({ route: { page: 'graph' }, ...place });
});

test.each(['#/nothing', '#/policies/x', '#/node/a/b', '#/policy/a/b', '#/policy/a/b/c/d'])(
  '%j is unknown',
  (hash) => {
    expect(parsePlace(hash).route).toEqual({ page: 'unknown' });
  },
);

test('what is wrongly encoded breaks nothing', () => {
  expect(parsePlace('#/node/%E0%A4%A').route).toEqual({ page: 'node', id: '%E0%A4%A' });
});

test('links lead back, whatever names are like', () => {
  const name = fc.string({ minLength: 1, unit: 'grapheme' });
  const route: fc.Arbitrary<Route> = fc.oneof(
    name.map((id) => ({ page: 'node', id }) as const),
    fc
      .tuple(name, name, name)
      .map(([kind, namespace, it]) => ({ page: 'policy', kind, namespace, name: it }) as const),
    fc.constant({ page: 'policies' } as const),
  );
  fc.assert(
    fc.property(
      route,
      fc.constantFrom(60, 600, 3600),
      fc.constantFrom(null, '6h', '24h', '7d'),
      (to, window, range) => {
        expect(parsePlace(linkTo(to, { window, range }))).toEqual({ route: to, window, range });
      },
    ),
  );
});
