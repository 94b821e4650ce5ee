import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { RE2JS } from 're2js';
import { canonicalPath } from '../../../../../operator/envoy/resources/paths/canonical-path.ts';
import { pathSpellings } from '../../../../../operator/envoy/resources/paths/path-spellings.ts';

/** As Envoy does: the bytes of the path, the whole of it. */
function matches(expression: string | null, path: string): boolean {
  const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
  return expression !== null && RE2JS.matches(latin1(expression), latin1(path));
}

test.each(['/', '/a', '/a/b.c', '/a;b=c', '/%61', "/-._~!$&'()*+,;=:@"])(
  'a path of plain characters is sent in one spelling: %s',
  (path) => {
    expect(pathSpellings(path)).toBeNull();
  },
);

describe('a path with other characters is matched as clients send it', () => {
  test.each([
    ['/café', ['/café', '/caf%C3%A9', '/caf%c3%a9', '/caf%C3%a9']],
    ['/caf%c3%a9', ['/café', '/caf%C3%A9']],
    ['/a b', ['/a%20b']],
    ['/a|b', ['/a|b', '/a%7Cb', '/a%7cb']],
    ['/a[0]', ['/a[0]', '/a%5B0%5D', '/a[0%5d']],
    ['/100%', ['/100%25']],
    ['/%FF', ['/%FF', '/%ff']],
    ['/日本/x', ['/日本/x', '/%E6%97%A5%E6%9C%AC/x']],
  ])('%s', (path, spellings) => {
    for (const spelling of spellings)
      expect([spelling, matches(pathSpellings(path), spelling)]).toEqual([spelling, true]);
  });

  test.each([
    ['/a b', '/a b'],
    ['/a b', '/a+b'],
    ['/café', '/cafe'],
    ['/a|b', '/a'],
    ['/a.b|', '/aXb|'],
    ['/a%3Fb', '/a?b'],
  ])('%s, and not as %s', (path, other) => {
    expect(matches(pathSpellings(path), other)).toBe(false);
  });
});

test('of very many such characters only the canonical spelling is left', () => {
  expect(pathSpellings(`/${'é'.repeat(32)}`)).not.toBeNull();
  expect(pathSpellings(`/${'é'.repeat(33)}`)).toBeNull();
});

test('every path matches its canonical spelling, and no other path does', () => {
  const segment = fc.string({
    unit: fc.constantFrom('a', 'b', 'é', '|', ' ', '%', '.', '[', '日'),
    maxLength: 6,
  });
  fc.assert(
    fc.property(segment, segment, (one, other) => {
      const [path, sent] = [`/${one}`, canonicalPath(`/${other}`)];
      const expression = pathSpellings(path);

      const isMatch = expression === null ? canonicalPath(path) === sent : matches(expression, sent);

      expect(isMatch).toBe(canonicalPath(path) === sent);
    }),
  );
});
