// URLs that are accepted are ones that Node.js can take apart: whoever translates them need not ask.
import { expect, test } from '@jest/globals';
import { array, assert, constantFrom, property } from 'fast-check';
import { url } from '../../../api/url.ts';
import { httpsUri } from '../../../api/v1alpha1/security/jwks.ts';

const schema = url(httpsUri);
function isAccepted(text: string): boolean {
  return schema.safeParse(text).success;
}

const piece = constantFrom(
  '10',
  '300',
  '0x7f',
  'a',
  'xn--',
  'xn--a',
  '-',
  '.',
  '..',
  ':',
  '70000',
  '443',
  '/',
  '?',
  '[',
  ']',
  '::1',
  '%',
);

test('what is accepted can be parsed', () => {
  assert(
    property(array(piece, { maxLength: 8 }), (pieces) => {
      const text = `https://${pieces.join('')}`;
      expect(isAccepted(text) && !URL.canParse(text)).toBe(false);
    }),
  );
});

test.each([
  ['https://issuer.example:65535/jwks?x=1', true],
  ['https://10.0.0.3/jwks', true],
  ['https://[2001:db8::7]:8443/', true],
  ['https://issuer.example:65536/', false],
  ['https://10.0.300/', false],
  ['https://xn--/', false],
])('%s: %s', (text, expected) => {
  expect(isAccepted(text)).toBe(expected);
});
