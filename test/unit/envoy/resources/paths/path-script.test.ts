// Which paths need no script: those that are canonical, and that everybody reads alike. What the script makes of all others is tested on a
// real Envoy (test/integration/data-plane-paths.test.ts).
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { canonicalPath } from '../../../../../operator/envoy/resources/paths/canonical-path.ts';
import { canonicalSpelling } from '../../../../../operator/envoy/resources/paths/path-script.ts';
import { readingsOf } from '../../../../support/data-plane/path-readers.ts';
import { target } from '../../../../support/data-plane/path-targets.ts';

/** JavaScript reads it as RE2 does. */
const canonical = new RegExp(`^(?:${canonicalSpelling})$`);

test.each(['/', '/a', '/a/', '/a/b.c', '/users:export', '/odata/$batch', '/@me', '/f(1)', '/~x', '/a,b=c'])(
  '%s needs no script',
  (path) => {
    expect(canonical.test(path)).toBe(true);
  },
);

test.each([
  '//',
  '//a',
  '/a//b',
  '/.',
  '/..',
  '/a/..',
  '/.a',
  '/a;b',
  '/%61',
  '/a%2Fb',
  '/a|b',
  '/a\\b',
  '/é',
  '*',
])('%s needs the script', (path) => {
  expect(canonical.test(path)).toBe(false);
});

test('what needs no script is canonical, and has one reading', () => {
  const written = fc.oneof(
    target.map((path) => path.replace(/[?].*$/s, '')),
    fc
      .string({
        unit: fc.constantFrom(...Array.from(String.raw`/.;%\|:@$&a2Fe`)),
        minLength: 1,
        maxLength: 8,
      })
      .map((path) => `/${path}`),
  );
  fc.assert(
    fc.property(written, (path) => {
      fc.pre(canonical.test(path));
      expect(canonicalPath(path)).toBe(path);
      expect(new Set(readingsOf(path).map((reading) => reading.path))).toEqual(new Set([path]));
    }),
    { numRuns: 500 },
  );
});
