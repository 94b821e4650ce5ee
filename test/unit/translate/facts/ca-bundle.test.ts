// Which texts are a list of certificates.
import { beforeAll, expect, test } from '@jest/globals';
import { isCaBundle } from '../../../../operator/translate/facts/ca-bundle.ts';
import { makeTestRoot } from '../../../support/data-plane/certificate-folder.ts';

let one = '';
beforeAll(async () => {
  one = (await makeTestRoot('cluster.local')).certificate;
});

test('one certificate, or several with words between them', () => {
  expect(isCaBundle(one)).toBe(true);
  expect(isCaBundle(`# ours\n${one}\n# and once more\n${one}`)).toBe(true);
});

test.each([
  ['nothing', () => ''],
  ['words', () => 'certificate'],
  ['half of one', () => one.slice(0, 200)],
  ['one and half of another', () => one + one.slice(0, 200)],
  [
    'one and something that is none',
    () => `${one}-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n`,
  ],
  ['one and a key', () => `${one}-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n`],
])('not %s', (_, text) => {
  expect(isCaBundle(text())).toBe(false);
});
