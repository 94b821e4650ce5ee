// What attackers send in place of a token, and what the sidecar of an application makes of it.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { base64url, SignJWT } from 'jose';
import { call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import {
  type IssuedKey,
  issueKey,
  issuerName,
  keySet,
  secondsFromNow,
} from '../support/data-plane/issuer.ts';
import { TokenMesh } from '../support/data-plane/token-mesh.ts';
import { oddTokens } from '../support/odd-tokens.ts';

const closing = new Closing();
afterAll(() => closing.close());

let mesh: TokenMesh;
let rsa: IssuedKey;
let ec: IssuedKey;

const corp = (parts: object = {}): object => ({
  name: 'corp',
  issuer: issuerName,
  jwks: { inline: keySet(rsa, ec) },
  ...parts,
});

beforeAll(async () => {
  [rsa, ec] = await Promise.all([issueKey('rsa', 'RS256'), issueKey('ec', 'ES256')]);
  mesh = await TokenMesh.start(closing);
});

/** header and payload as they are, and whatever signature. */
function unsigned(header: object, payload: object, signature = ''): string {
  return [header, payload].map((part) => base64url.encode(JSON.stringify(part))).join('.') + `.${signature}`;
}

const payload = (): object => ({ iss: issuerName, sub: 'admin', aud: 'reviews', exp: secondsFromNow(3_600) });
const statusOf = async (token: string): Promise<number> => (await mesh.get(token)).status;

describe.each(['Required', 'Optional'])('with mode %s', (mode) => {
  beforeAll(() => mesh.guard({ authentication: { jwt: [corp({ audiences: ['reviews'] })], mode } }));

  test('a good token passes', async () => {
    expect(await statusOf(await ec.sign({ aud: 'reviews' }))).toBe(200);
  });

  test.each(['none', 'None', 'NONE', ''])('alg %j is refused', async (alg) => {
    expect(await statusOf(unsigned({ alg, kid: 'rsa' }, payload()))).toBe(401);
    expect(await statusOf(unsigned({ alg, kid: 'rsa' }, payload(), 'AAAA'))).toBe(401);
  });

  test('HS256 with the public key as the secret is refused', async () => {
    for (const secret of [rsa.pem, JSON.stringify(rsa.jwk), String(rsa.jwk.n)]) {
      // oxlint-disable-next-line no-await-in-loop -- in turn
      const token = await new SignJWT({ ...payload() })
        .setProtectedHeader({ alg: 'HS256', kid: 'rsa' })
        .sign(new TextEncoder().encode(secret));

      // oxlint-disable-next-line no-await-in-loop -- in turn
      expect(await statusOf(token)).toBe(401);
    }
  });

  test('a key that comes with the token is not believed', async () => {
    const own = await issueKey('ec', 'ES256');
    const claims = { aud: 'reviews' };

    expect(await statusOf(await own.sign(claims))).toBe(401);
    expect(await statusOf(await own.sign(claims, { jwk: own.jwk }))).toBe(401);
    expect(
      await statusOf(await own.sign(claims, { jku: 'https://attacker.example/jwks', kid: 'mine' })),
    ).toBe(401);
  });

  test('an unknown kid is refused, and that of another key', async () => {
    expect(await statusOf(await ec.sign({ aud: 'reviews' }, { kid: 'unknown' }))).toBe(401);
    expect(await statusOf(await ec.sign({ aud: 'reviews' }, { kid: 'rsa' }))).toBe(401);
    expect(await statusOf(await ec.sign({ aud: 'reviews' }, { kid: "' OR 1=1" }))).toBe(401);
  });

  test('a token without a kid is compared with every key', async () => {
    expect(await statusOf(await ec.sign({ aud: 'reviews' }, { kid: undefined }))).toBe(200);
  });

  test('a payload that was changed is refused', async () => {
    const [header, , signature] = (await ec.sign({ aud: 'reviews' })).split('.');

    expect(await statusOf([header, base64url.encode(JSON.stringify(payload())), signature].join('.'))).toBe(
      401,
    );
  });

  test.each([['other'], [['other']], [[]], ['reviews '], ['Reviews'], ['']])(
    'audience %j is refused',
    async (aud) => {
      expect(await statusOf(await ec.sign({ aud }))).toBe(403);
    },
  );

  test.each([[7], [{ reviews: true }], [[['reviews']]], [true], [null]])(
    'an audience of another type is refused: %j',
    async (aud) => {
      expect([401, 403]).toContain(await statusOf(await ec.sign({ aud })));
    },
  );

  test('another issuer is refused, however it is written', async () => {
    for (const iss of [`${issuerName}/`, issuerName.toUpperCase(), [issuerName], undefined, '']) {
      // oxlint-disable-next-line no-await-in-loop -- in turn
      expect(await statusOf(await ec.sign({ aud: 'reviews', iss }))).toBe(401);
    }
  });

  test('a token of a megabyte is refused, and the connection of others goes on', async () => {
    const large = await ec.sign({ aud: 'reviews', filler: 'x'.repeat(1024 * 1024) });
    // Before all of it is sent the connection may be closed.
    const status = await statusOf(large).catch(() => 431);

    expect([400, 401, 413, 431]).toContain(status);
    expect(await statusOf(await ec.sign({ aud: 'reviews' }))).toBe(200);
  });

  test.each(['', '.', '..', 'a.b.c', '....', 'e30.e30.', '%00', '{}'])(
    'garbage is no token: %j',
    async (text) => {
      // Without anything after the prefix there is no token.
      expect([401, mode === 'Optional' && text === '' ? 200 : 401]).toContain(await statusOf(text));
    },
  );

  test('two headers, of which one is forged, do not make a token', async () => {
    const good = await ec.sign({ aud: 'reviews' });
    const forged = unsigned({ alg: 'none' }, payload());

    expect(await statusOf(`${forged}, Bearer ${good}`)).toBe(401);
  });
});

describe('a token that parsers disagree about, signed by its issuer', () => {
  const { keySet: inline, tokens } = oddTokens();
  beforeAll(() =>
    mesh.guard({ authentication: { jwt: [{ name: 'odd', issuer: issuerName, jwks: { inline } }] } }),
  );

  test.each(tokens)('%s: %s', async (_, isValid, token) => {
    expect(await statusOf(token)).toBe(isValid ? 200 : 401);
  });
});

describe('times', () => {
  beforeAll(() =>
    mesh.guard({
      authentication: {
        jwt: [corp({ clockSkew: '30s' }), { ...corp(), name: 'lenient', issuer: 'https://lenient.example' }],
      },
    }),
  );

  test.each([
    ['expires in an hour', { exp: 3_600 }, 200],
    ['expired just now, within the skew', { exp: -2 }, 200],
    ['expired a minute ago', { exp: -60 }, 401],
    ['is not valid yet, within the skew', { exp: 3_600, nbf: 2 }, 200],
    ['is not valid for a minute', { exp: 3_600, nbf: 60 }, 401],
    ['is issued in the future, which says nothing', { exp: 3_600, iat: 60 }, 200],
  ])('a token that %s', async (_, claims, status) => {
    const at = Object.fromEntries(
      Object.entries(claims).map(([name, seconds]) => [name, secondsFromNow(seconds)]),
    );

    expect(await statusOf(await ec.sign(at))).toBe(status);
  });

  test.each([undefined, 0, -1, 'tomorrow', '4102444800', null, true, [4_102_444_800]])(
    'exp %j is refused: a token must end',
    async (exp) => {
      expect(await statusOf(await ec.sign({ exp }))).toBe(401);
    },
  );

  test('each issuer has its own skew: 60 seconds by default', async () => {
    const iss = 'https://lenient.example';

    expect(await statusOf(await ec.sign({ iss, exp: secondsFromNow(-35) }))).toBe(200);
    expect(await statusOf(await ec.sign({ iss, exp: secondsFromNow(-70) }))).toBe(401);
  });
});

describe('an issuer without a usable key', () => {
  const broken = { name: 'broken', issuer: 'https://broken.example', jwks: { inline: '{"keys":[]}' } };

  test('lets nobody in who needs a token', async () => {
    await mesh.guard({ authentication: { jwt: [broken] } });

    expect((await call(mesh.ports.page)).status).toBe(401);
    expect(await statusOf(await ec.sign({ iss: 'https://broken.example' }))).toBe(401);
  });

  test('has no token that passes unread where none is needed', async () => {
    await mesh.guard({ authentication: { jwt: [broken], mode: 'Optional' } });

    expect((await call(mesh.ports.page)).status).toBe(200);
    expect(await statusOf(await ec.sign({ iss: 'https://broken.example' }))).toBe(401);
    expect(await statusOf(await ec.sign({ iss: 'https://broken.example' }, { kid: 'no-key-known' }))).toBe(
      401,
    );
  });
});
