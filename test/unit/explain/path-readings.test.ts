// The readings of a path. That the script of sidecars finds the same is seen in test/integration/explain-access.test.ts.
import { expect, test } from '@jest/globals';
import { readingsOf } from '../../../operator/explain/path-readings.ts';

test.each([
  ['/admin', '|/admin|', ['/admin']],
  ['/%61dmin', '|/admin|', ['/admin']],
  ['/ü b', '|/%C3%BC%20b|', ['/%C3%BC%20b']],
  ['/a%2Fb', '|/^|/a/b|/a%2Fb|', ['/a/b', '/a%2Fb']],
  ['//a/b', '|/^|//a/b|/a/b|/b|', []],
  ['/a/../b', '|/^|/a/../b|/b|', ['/a/../b', '/b']],
  ['/a;x', '|/^|/a;x|/a|', ['/a;x', '/a']],
  [String.raw`/a\b`, '|/^|/a%5Cb|/a/b|', ['/a%5Cb', '/a/b']],
  ['/%C1%A1b', '|/^|/%C1%A1b|/ab|', ['/%C1%A1b', '/ab']],
  ['/%FC%80%80%80%81%A1', '|/^|/%FC%80%80%80%81%A1|/a|', ['/%FC%80%80%80%81%A1', '/a']],
  ['/%E0%81%A1%F0%80%81%A2', '|/^|/%E0%81%A1%F0%80%81%A2|/ab|', ['/%E0%81%A1%F0%80%81%A2', '/ab']],
])('%s', (path, list, single) => {
  expect(readingsOf(path)).toEqual({ list, single });
});

test.each([
  '/a%00',
  '/a%C0%AFb',
  '/a%F8%80%80%80%AFb',
  '/%c0%ae',
  '/%C0%BB',
  '/%E0%80%A5',
  '/%C1%A1//b',
  '/a;x/../b',
  String.raw`/a;x\b`,
  '//a/../b',
  '/%2e%2e/a',
  `/${'a;'.repeat(600)}`,
])('%s is not read', (path) => {
  expect(readingsOf(path)).toBeNull();
});
