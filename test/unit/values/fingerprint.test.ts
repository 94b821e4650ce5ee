// Fingerprints of values.
import { expect, test } from '@jest/globals';
import { fingerprint, hashOf } from '../../../operator/values/fingerprint.ts';

test('equal values have equal fingerprints, whatever the order of their keys', () => {
  expect(fingerprint({ b: [1, { d: 2, c: 3 }], a: null })).toBe(
    fingerprint({ a: null, b: [1, { c: 3, d: 2 }] }),
  );
});

test('other values have other ones: the order of a list counts', () => {
  expect(fingerprint([1, 2])).not.toBe(fingerprint([2, 1]));
});

test('a fingerprint is the beginning of the hash, and the same for ever', () => {
  expect(fingerprint({ a: 1 })).toBe('015abd7f5cc5');
  expect(hashOf({ a: 1 }).startsWith('015abd7f5cc5')).toBe(true);
});
