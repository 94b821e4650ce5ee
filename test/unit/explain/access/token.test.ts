// Whether a token is valid, as Envoy's filter sees it.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { judged } from '../../../../operator/explain/access/token.ts';
import { tokenAt } from '../../../../operator/explain/access/token-places.ts';
import { issueKey, type IssuedKey, issuerName, keySet } from '../../../support/data-plane/issuer.ts';
import { oddTokens } from '../../../support/odd-tokens.ts';

const algorithms = ['RS256', 'PS384', 'ES256', 'ES512', 'EdDSA'];
const keys = new Map<string, IssuedKey>();
beforeAll(async () => {
  for (const alg of algorithms) keys.set(alg, await issueKey(`key-${alg}`, alg));
});

const nowMs = Date.now();
const base = { issuer: issuerName, require_expiration: true, clock_skew_seconds: 60 };

function keyOf(alg: string): IssuedKey {
  const key = keys.get(alg);
  if (key === undefined) throw new Error(`no key for ${alg}`);
  return key;
}

function judge(token: string, provider: object = {}): string {
  const local_jwks = { inline_string: keySet(...keys.values()) };
  const status = judged(token, { ...base, local_jwks, ...provider }, { token: null, nowMs });
  return 'problem' in status ? `${status.type}: ${status.problem}` : status.type;
}

test.each(algorithms)('%s: signed by its issuer', async (alg) => {
  expect(judge(await keyOf(alg).sign())).toBe('Valid');
});

test.each(algorithms)('%s: a signature of somebody else', async (alg) => {
  const forged = await issueKey(`key-${alg}`, alg);

  expect(judge(await forged.sign())).toBe('Invalid: No key of its issuer has signed it.');
});

describe('a token', () => {
  test.each<readonly [string, object, object, string]>([
    ['of another issuer', { iss: 'https://x' }, {}, 'OtherIssuer: Its issuer is https://x.'],
    ['that has expired', { exp: nowMs / 1_000 - 61 }, {}, 'Invalid: It has expired.'],
    ['within the skew', { exp: nowMs / 1_000 - 50 }, {}, 'Valid'],
    ['without an end', { exp: undefined }, {}, 'Invalid: It has no exp.'],
    ['that is not valid yet', { nbf: nowMs / 1_000 + 90 }, {}, 'Invalid: It is not valid yet.'],
    ['for nobody', {}, { audiences: ['a'] }, 'OtherAudience: Its audience is not said.'],
    ['for others', { aud: ['b', 'c'] }, { audiences: ['a'] }, 'OtherAudience: Its audience is ["b","c"].'],
    ['for one of several', { aud: ['b', 'a'] }, { audiences: ['a'] }, 'Valid'],
    ['for a URL, written in another way', { aud: 'https://a/' }, { audiences: ['http://a'] }, 'Valid'],
    ['with a subject that is no text', { sub: 7 }, {}, 'Invalid: It is not a JSON Web Token.'],
  ])('%s', async (_, claims, provider, expected) => {
    expect(judge(await keyOf('ES256').sign({ ...claims }), provider)).toBe(expected);
  });

  test.each(['', 'a', 'a.b.c', 'e30.e30'])('%j is none', (text) => {
    expect(judge(text)).toBe('Invalid: It is not a JSON Web Token.');
  });

  test('of a key that has another name', async () => {
    expect(judge(await keyOf('ES256').sign({}, { kid: 'key-RS256' }))).toBe(
      'Invalid: No key of its issuer has signed it.',
    );
  });
});

describe('a token that parsers disagree about', () => {
  const { keySet: inline_string, tokens } = oddTokens();
  const place = { type: 'header', name: 'authorization', prefix: 'Bearer ' } as const;

  // test/integration/data-plane-token-attacks.test.ts asks a real Envoy.
  test.each(tokens)('%s: %s, as in Envoy', (_, isValid, token) => {
    const headers = [['authorization', `Bearer ${token}`]] as const;
    const found = tokenAt(place, { method: 'GET', path: '/', authority: 'reviews', headers });

    const said = judged(found ?? '', { ...base, local_jwks: { inline_string } }, { token: null, nowMs });
    expect(said.type === 'Valid').toBe(isValid);
  });
});
