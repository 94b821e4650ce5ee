// What issuers publish, and what of it sidecars get.
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { nobodysKey } from '../../../operator/envoy/resources/inbound/tokens/jwt-authn.ts';
import { maxKeys, readKeySet } from '../../../operator/jwks/key-set.ts';

const ec = (kid?: string, parts: object = {}): object => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  ...(kid !== undefined && { kid }),
  ...parts,
});
const rsa = (modulusLength: number): object =>
  generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' });
const read = (...keys: readonly object[]): ReturnType<typeof readKeySet> =>
  readKeySet(JSON.stringify({ keys }));

describe('a key is taken', () => {
  test.each([
    ['RSA', { ...rsa(2048), kid: 'a' }, undefined],
    ['EC', ec('a'), 'ES256'],
    ['EC that says what it is for', ec('a', { alg: 'ES256', use: 'sig', key_ops: ['verify'] }), 'ES256'],
    ['Ed25519', { ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid: 'a' }, 'EdDSA'],
    ['with members that nobody needs', ec('a', { x5c: ['…'], ext: true }), 'ES256'],
  ])('%s', (_, key, alg) => {
    const { keys, problems } = read(key);

    expect(problems).toEqual([]);
    expect(keys).toMatchObject([{ kid: 'a', use: 'sig' }]);
    expect(keys[0]?.['alg']).toBe(alg);
    expect(keys[0]).not.toHaveProperty('x5c');
  });

  test('without a kid, if it is the only one', () => {
    expect(read(ec()).keys).toHaveLength(1);
    expect(read(ec(), ec('a')).keys).toHaveLength(2);
    expect(read(ec(), ec()).problems).toEqual(['Two keys have the kid "".']);
  });
});

describe('a key is left out', () => {
  test.each<[string, object, string]>([
    ['symmetric', { kty: 'oct', k: 'c2VjcmV0' }, 'Key 2 is neither RSA, EC'],
    ['private', ec('p', { d: 'c2VjcmV0' }), 'Key "p" is a private key'],
    ['of another curve', ec('p', { crv: 'secp256k1' }), 'Key "p" is neither RSA, EC'],
    ['with an algorithm of another type', ec('p', { alg: 'RS256' }), 'has the algorithm "RS256"'],
    ['with a symmetric algorithm', { ...rsa(2048), kid: 'p', alg: 'HS256' }, 'has the algorithm "HS256"'],
    ['with alg none', ec('p', { alg: 'none' }), 'has the algorithm "none"'],
    ['off its curve', ec('p', { y: 'AAAA' }), 'Key "p" is malformed'],
    ['short', { ...rsa(1024), kid: 'p' }, 'Key "p" has less than 2048'],
    ['with the exponent 1', { ...rsa(2048), kid: 'p', e: 'AQ' }, 'or an unusual exponent'],
    ['no key at all', { kty: 7 }, 'Key 2 is not a JSON Web Key'],
  ])('%s', (_, key, problem) => {
    const { keys, problems } = read(ec('a'), key);

    expect(keys).toHaveLength(1);
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  test.each([{ use: 'enc' }, { key_ops: ['wrapKey'] }])(
    'silently, if it is not for signatures: %j',
    (parts) => {
      expect(read(ec('a'), ec('b', parts))).toMatchObject({ keys: [{ kid: 'a' }], problems: [] });
    },
  );
});

describe('a set is refused as a whole', () => {
  test.each(['', '{', '[]', '{"keys":{}}', 'null', '<html>'])('%s', (text) => {
    expect(readKeySet(text)).toEqual({
      keys: [],
      problems: ['It is not a JSON object with a list of keys.'],
    });
  });

  test('of too many keys, before it looks at one', () => {
    const keys = Array.from({ length: 1_000 }, () => ({ kty: 'RSA' }));

    expect(read(...keys)).toEqual({ keys: [], problems: [`It has 1000 keys; the maximum is ${maxKeys}.`] });
  });

  test('with a kid twice', () => {
    expect(read(ec('a'), ec('a'))).toEqual({ keys: [], problems: ['Two keys have the kid "a".'] });
  });

  test('without a key for signatures', () => {
    expect(read(ec('a', { use: 'enc' }))).toEqual({ keys: [], problems: ['It has no key for signatures.'] });
  });
});

test('whatever an issuer says, it is read without an error, and in the same order whatever the order of the keys', () => {
  fc.assert(fc.property(fc.json(), (text) => Array.isArray(readKeySet(text).keys)));
  const [a, b] = [ec('a'), ec('b')];
  expect(read(b, a)).toEqual(read(a, b));
});

test('the key in place of none is a point of its curve that follows from a text, so that nobody can know its private half', () => {
  const x = createHash('sha256').update("meshwright: nobody's key 0").digest('base64url');

  expect(nobodysKey.x).toBe(x);
  expect(() => createPublicKey({ key: { ...nobodysKey }, format: 'jwk' })).not.toThrow();
});
