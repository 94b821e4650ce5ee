// Expressions are compared with paths in one spelling, whichever codes their author wrote.
import { expect, test } from '@jest/globals';
import { RE2JS } from 're2js';
import { canonicalExpression } from '../../../../../operator/envoy/resources/paths/canonical-expression.ts';
import { canonicalPath } from '../../../../../operator/envoy/resources/paths/canonical-path.ts';

test.each([
  { written: '/admin(/.*)?', canonical: '/admin(/.*)?' },
  { written: '/%73ecret', canonical: '/secret' },
  { written: '/odata/%24batch', canonical: String.raw`/odata/\$batch` },
  { written: String.raw`/\%73`, canonical: '/s' },
  { written: String.raw`/\\%73`, canonical: String.raw`/\\s` },
  { written: '/[a%2D%41]', canonical: String.raw`/[a\-A]` },
  { written: '/(?:%61%2E)+', canonical: String.raw`/(?:a\.)+` },
  { written: String.raw`/\Qa%24.\E%24`, canonical: String.raw`/\Qa$.\E\$` },
  { written: '/caf%c3%a9', canonical: '/caf%C3%A9' },
  { written: '/a%2fb', canonical: '/a%2Fb' },
  { written: '/%2573', canonical: '/%2573' },
  { written: '/%[0-9A-F]{2}', canonical: '/%[0-9A-F]{2}' },
  { written: '/100%', canonical: '/100%' },
])('$written is $canonical', ({ written, canonical }) => {
  expect(canonicalExpression(written)).toBe(canonical);
  expect(canonicalExpression(canonical)).toBe(canonical);
});

test('the code of each byte matches what the byte is in a path', () => {
  for (let byte = 0; byte < 256; byte++) {
    for (const digits of [byte.toString(16), byte.toString(16).toUpperCase()]) {
      const code = `%${digits.padStart(2, '0')}`;
      const path = byte === 0x2f ? '/a%2Fb' : canonicalPath(`/a${code}b`);
      expect([code, RE2JS.compile(canonicalExpression(`/a${code}b`)).matches(path)]).toEqual([code, true]);
    }
  }
});
