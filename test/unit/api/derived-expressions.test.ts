import { expect, test } from '@jest/globals';
import { array, assert, constantFrom, property, record, string } from 'fast-check';
import { RE2JS } from 're2js';
import { admit } from '../../../api/admission.ts';
import { derivedSize } from '../../../api/checks/derived-expressions.ts';
import { anyRequest, routeMatch } from '../../../operator/envoy/resources/outbound/route-match.ts';
import { rewriting } from '../../../operator/envoy/resources/outbound/rewrite.ts';
import { runs } from '../../support/runs.ts';

const path = array(constantFrom('a', '-', ':', ' ', 'é', '語', '%2C', '%7b', '|'), { maxLength: 80 }).map(
  (characters) => `/${characters.join('')}`,
);
const hostname = string({ unit: constantFrom('a', '.', '9', '-'), minLength: 1, maxLength: 60 });
const match = record({
  type: constantFrom('Exact' as const, 'PathPrefix' as const),
  value: path,
  hostnames: array(hostname, { maxLength: 4 }),
});

test('the estimate is not below half of what RE2 makes of what Envoy gets', () => {
  assert(
    property(match, constantFrom('/', '/new/prefix'), ({ type, value, hostnames }, prefix) => {
      const isReplaced = type === 'PathPrefix';
      const route = {
        matches: [{ path: { type, value }, hostnames }],
        ...(isReplaced && { rewrite: { path: { type: 'ReplacePrefixMatch', value: prefix } } }),
      };
      const sent = {
        match: routeMatch({ ...anyRequest, path: { type, value }, hostnames }, []),
        ...(isReplaced &&
          rewriting({ hostname: null, path: { type: 'PrefixMatch', value: prefix } }, { type, value })),
      };
      expect(2 * derivedSize({ routes: [route] }) + 8).toBeGreaterThanOrEqual(compiledSize(sent));
    }),
    runs(500),
  );
});

function compiledSize(config: unknown): number {
  let size = 0;
  JSON.stringify(config, (key, value: unknown) => {
    if (key === 'regex' && typeof value === 'string') size += RE2JS.compile(value).programSize();
    return value;
  });
  return size;
}

test('a path of plain characters, and a prefix that stays, need no expression', () => {
  expect(derivedSize({ routes: [{ matches: [{ path: { type: 'PathPrefix', value: '/a;b=c' } }] }] })).toBe(0);
});

test('paths of limits are expressions, and a route for other origins has its matches twice', () => {
  const spaced = { path: { type: 'Exact', value: '/a b' } };
  const once = derivedSize({ routes: [{ matches: [spaced] }] });

  expect(once).toBeGreaterThan(0);
  expect(derivedSize({ limits: [{ match: spaced }] })).toBe(once);
  expect(derivedSize({ routes: [{ matches: [spaced], cors: { allowOrigins: [] } }] })).toBe(2 * once);
});

const label = 'x'.repeat(60);
const hostnames = Array.from({ length: 8 }, (_, i) => `${label}.${label}.${label}.${i}.example.com`);
const long = `/${'a'.repeat(900)}`;

test.each([
  ['host names', { hostnames }, {}],
  ['paths with several spellings', { path: { type: 'PathPrefix', value: `${long}é` } }, {}],
  [
    'prefixes that are replaced',
    { path: { type: 'PathPrefix', value: long } },
    { rewrite: { path: { type: 'ReplacePrefixMatch', value: '/' } } },
  ],
])('a policy is refused if its %s need too many instructions', (_, condition, more) => {
  const routes = Array.from({ length: 16 }, (_route, index) => ({
    name: `r${index}`,
    matches: Array.from({ length: 8 }, (_match, at) => ({ ...condition, method: `M${at}` })),
    ...more,
  }));
  const admission = admit({
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'TrafficPolicy',
    metadata: { name: 'p', namespace: 'shop' },
    spec: { targetRefs: [{ kind: 'Service', name: 'reviews' }], routes },
  });

  expect(admission).toEqual({
    ok: false,
    problems: [
      expect.stringMatching(
        /^spec: all regular expressions together need about (\d+) RE2 instructions, \1 of them for hostnames, encoded paths and ReplacePrefixMatch\. Use at most 8192: simplify them, or split the object\.$/,
      ),
    ],
  });
});
