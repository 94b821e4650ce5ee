// Rules are compared in one spelling, whatever their author wrote.
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { canonicalPath } from '../../../../../operator/envoy/resources/paths/canonical-path.ts';

test.each([
  { written: '/admin', canonical: '/admin' },
  { written: '/', canonical: '/' },
  { written: '/%61dmin', canonical: '/admin' },
  { written: '/my files', canonical: '/my%20files' },
  { written: '/my%20files', canonical: '/my%20files' },
  { written: '/café', canonical: '/caf%C3%A9' },
  { written: '/caf%c3%a9', canonical: '/caf%C3%A9' },
  { written: '/odata/$batch', canonical: '/odata/$batch' },
  { written: '/odata/%24batch', canonical: '/odata/$batch' },
  { written: '/users%3Aexport', canonical: '/users:export' },
  { written: '/%40me', canonical: '/@me' },
  { written: '/a%2Bb', canonical: '/a+b' },
  { written: '/f%281%29', canonical: '/f(1)' },
  { written: '/x%3Dy/z', canonical: '/x=y/z' },
  { written: '/a|b', canonical: '/a%7Cb' },
  { written: '/100%', canonical: '/100%25' },
  { written: '/100%25', canonical: '/100%25' },
  { written: '/%2541', canonical: '/%2541' },
  { written: '/a%3Fb', canonical: '/a%3Fb' },
])('$written is $canonical', ({ written, canonical }) => {
  expect(canonicalPath(written)).toBe(canonical);
});

test('what is canonical stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (path) => {
      expect(canonicalPath(canonicalPath(path))).toBe(canonicalPath(path));
    }),
  );
});

test('encoding the whole path again changes nothing', () => {
  fc.assert(
    fc.property(fc.string(), (path) => {
      expect(canonicalPath(encodeURIComponent(path))).toBe(canonicalPath(path.replaceAll('%', '%25')));
    }),
  );
});
