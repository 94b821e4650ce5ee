// What the condition KeysFetched says of each state of an issuer's keys.
import { expect, test } from '@jest/globals';
import type { KeyReport } from '../../../operator/conditions/key-report.ts';
import { keysByPolicy, keysFetchedOf } from '../../../operator/status/keys-fetched.ts';

const origin = { kind: 'SecurityPolicy', namespace: 'shop', name: 'reviews', generation: 1 } as const;
const sinceMs = Date.parse('2026-11-01T00:00:00Z');
const fetchedMs = Date.parse('2026-11-29T12:00:00Z');
const report = (provider: string, parts: Partial<KeyReport>): KeyReport => ({
  providers: [`shop/reviews/${provider}`, 'shop/other/b'],
  from: 'uri',
  keys: { count: 2, sinceMs, fetchedMs },
  notes: [],
  problem: null,
  ...parts,
});

test.each([
  ['document', 'because the discovery document of its issuer cannot be used. It does not answer.'],
  ['documentUri', 'from jwks_uri of the discovery document of its issuer. It does not answer.'],
] as const)('a failure tells what of discovery failed: %s', (from, words) => {
  const reports = [report('corp', { from, problem: 'It does not answer.' })];
  const [condition] = keysFetchedOf(origin, keysByPolicy(reports));
  expect(condition).toMatchObject({ status: 'False' });
  expect(condition?.message).toContain(words);
});

const cases: readonly (readonly [string, readonly KeyReport[], readonly string[]])[] = [
  ['nothing is fetched', [], []],
  [
    'they are there',
    [report('corp', {})],
    ['True KeysFetched: Keys of corp: 2, unchanged since 2026-11-01T00:00:00Z.'],
  ],
  [
    'some were left out',
    [report('corp', { notes: ['Key 2 is malformed.'] })],
    [
      'True KeysFetched: Keys of corp: 2, unchanged since 2026-11-01T00:00:00Z. Others cannot be used. Key 2 is malformed.',
    ],
  ],
  [
    'there are none yet',
    [report('corp', { keys: null }), report('a', {})],
    [
      'Unknown Pending: Keys of a: 2, unchanged since 2026-11-01T00:00:00Z. The keys of corp are being fetched. No token of this issuer is valid until then.',
    ],
  ],
  [
    'there are none, and a fetch failed',
    [report('corp', { keys: null, problem: 'It does not answer.' })],
    [
      'False FetchFailed: The keys of corp cannot be fetched from jwks.uri. It does not answer. No token of this issuer is valid until a fetch succeeds.',
    ],
  ],
  [
    'a fetch failed, and the last keys stay',
    [
      report('corp', { problem: 'It does not answer.' }),
      report('z', { problem: 'It redirects.', keys: { count: 1, sinceMs, fetchedMs } }),
    ],
    [
      'False FetchFailed: The keys of corp cannot be fetched from jwks.uri. It does not answer. The 2 keys of the last successful fetch, at 2026-11-29T12:00:00Z, stay in use. The keys of z cannot be fetched from jwks.uri. It redirects. The key of the last successful fetch, at 2026-11-29T12:00:00Z, stays in use.',
    ],
  ],
];

test.each(cases)('%s', (_, reports, said) => {
  const conditions = keysFetchedOf(origin, keysByPolicy(reports));

  expect(conditions.map(({ status, reason, message }) => `${status} ${reason}: ${message}`)).toEqual(said);
  expect(conditions.every(({ type }) => type === 'KeysFetched')).toBe(true);
});

test('it is a condition of the policies that name the issuer alone', () => {
  const keys = keysByPolicy([report('corp', {})]);

  expect(keysFetchedOf({ ...origin, name: 'other' }, keys)).toHaveLength(1);
  expect(keysFetchedOf({ ...origin, name: 'third' }, keys)).toEqual([]);
  expect(keysFetchedOf({ ...origin, kind: 'TrafficPolicy' }, keys)).toEqual([]);
});
