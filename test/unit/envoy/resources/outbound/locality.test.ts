// Which endpoints callers in a zone use before which.
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { localityGroups } from '../../../../../operator/envoy/resources/outbound/locality.ts';
import type { LocalityIr } from '../../../../../operator/ir/destination.ts';
import type { EndpointIr } from '../../../../../operator/ir/service.ts';
import { sampleEndpoint } from '../../../../support/mesh-samples.ts';

const endpoints = [
  sampleEndpoint(1, { zone: 'a' }),
  sampleEndpoint(2, { zone: 'b' }),
  sampleEndpoint(3, { zone: 'c' }),
  sampleEndpoint(4),
  sampleEndpoint(5, { zone: 'a', health: 'Draining' }),
];

const order = (...entries: { from: string | null; to: string[] }[]): LocalityIr => ({
  type: 'Failover',
  order: entries,
});
const shares = (from: string | null, to: Readonly<Record<string, number>>): LocalityIr => ({
  type: 'Weighted',
  shares: [{ from, to: Object.entries(to).map(([zone, weight]) => ({ zone, weight })) }],
});

/** `0 a: 1`: priority, zone and ports; `0 a*80: 1` with a weight. */
function told(
  locality: LocalityIr | null,
  zone: string | null,
  among: readonly EndpointIr[] = endpoints,
): readonly string[] {
  return localityGroups(locality, zone, among).map(
    ({ priority, zone: where, weight, endpoints: members }) =>
      `${priority} ${where ?? '-'}${weight === null ? '' : `*${weight}`}: ${members.map(({ port }) => port).join(' ')}`,
  );
}

test.each<[string, LocalityIr | null, string | null, readonly string[]]>([
  ['no policy: all alike', null, 'a', ['0 -: 1 2 3 4 5']],
  ['the own zone, then all others', order(), 'b', ['0 b: 2', '1 -: 4', '1 a: 1', '1 c: 3', '2 -: 5']],
  [
    'the own zone, then those in order, then all others',
    order({ from: 'a', to: ['c', 'b'] }, { from: null, to: ['b'] }),
    'a',
    ['0 a: 1', '1 c: 3', '2 b: 2', '3 -: 4', '4 -: 5'],
  ],
  [
    'an entry without from is for callers no other entry is for',
    order({ from: 'a', to: ['c'] }, { from: null, to: ['b'] }),
    'c',
    ['0 c: 3', '1 b: 2', '2 -: 4', '2 a: 1', '3 -: 5'],
  ],
  [
    'a zone without endpoints is none',
    order({ from: 'd', to: ['e', 'c'] }),
    'd',
    ['0 c: 3', '1 -: 4', '1 a: 1', '1 b: 2', '2 -: 5'],
  ],
  [
    'callers whose zone is not known use all',
    order({ from: null, to: ['c'] }),
    null,
    ['0 -: 1 2 3 4', '1 -: 5'],
  ],
  [
    'shares of zones, then all others',
    shares('a', { a: 80, b: 20 }),
    'a',
    ['0 a*80: 1', '0 b*20: 2', '1 -*1: 3 4', '2 -*1: 5'],
  ],
  ['shares of others are not theirs', shares('a', { a: 80 }), 'b', ['0 -*1: 1 2 3 4', '1 -*1: 5']],
  [
    'shares for everybody hold for those whose zone is not known',
    shares(null, { b: 1 }),
    null,
    ['0 b*1: 2', '1 -*1: 1 3 4', '2 -*1: 5'],
  ],
])('%s', (_, locality, zone, expected) => {
  expect(told(locality, zone)).toEqual(expected);
});

test('no endpoints: no groups', () => {
  expect(told(order(), 'a', [])).toEqual([]);
});

test('each endpoint is in one group, and no priority is left out', () => {
  const zone = fc.constantFrom('a', 'b', 'c', null);
  const endpoint = fc.record({ zone, health: fc.constantFrom('Healthy' as const, 'Draining' as const) });
  const to = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 });
  const locality: fc.Arbitrary<LocalityIr> = fc
    .array(fc.record({ from: zone, to }), { maxLength: 3 })
    .chain((entries) =>
      fc.constantFrom<LocalityIr>(
        { type: 'Failover', order: entries },
        {
          type: 'Weighted',
          shares: entries.map((entry) => ({
            ...entry,
            to: entry.to.map((one) => ({ zone: one, weight: 2 })),
          })),
        },
      ),
    );
  fc.assert(
    fc.property(locality, zone, fc.array(endpoint), (said, caller, parts) => {
      const all = parts.map((part, port) => sampleEndpoint(port, part));
      const groups = localityGroups(said, caller, all);

      expect(
        groups.flatMap((group) => group.endpoints.map(({ port }) => port)).toSorted((a, b) => a - b),
      ).toEqual(all.map(({ port }) => port));
      const priorities = [...new Set(groups.map(({ priority }) => priority))];
      expect(priorities).toEqual(priorities.map((_, index) => index));
      // One without a weight would get nothing beside others that have one.
      expect(groups.every(({ weight }) => (weight === null) === (said.type === 'Failover'))).toBe(true);
    }),
  );
});
