// Which tokens open an application behind its sidecar, and what it learns from them.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call, type Call, ofKubelet, seenBy } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { type IssuedKey, issueKey, issuerName, keySet } from '../support/data-plane/issuer.ts';
import { TokenMesh } from '../support/data-plane/token-mesh.ts';

const closing = new Closing();
afterAll(() => closing.close());

let mesh: TokenMesh;
let keys: Readonly<Record<'RS256' | 'ES256' | 'EdDSA', IssuedKey>>;
/** Of another issuer. */
let partner: IssuedKey;
/** Valid wherever no audience is asked for. */
let valid: string;

beforeAll(async () => {
  const [RS256, ES256, EdDSA] = await Promise.all([
    issueKey('rsa', 'RS256'),
    issueKey('ec', 'ES256'),
    issueKey('ed', 'EdDSA'),
  ]);
  keys = { RS256, ES256, EdDSA };
  partner = await issueKey('partner', 'ES256');
  valid = await ES256.sign();
  mesh = await TokenMesh.start(closing);
});

const corp = (parts: object = {}): object => ({
  name: 'corp',
  issuer: issuerName,
  jwks: { inline: keySet(...Object.values(keys)) },
  ...parts,
});
const partners = (parts: object = {}): object => ({
  name: 'partner',
  issuer: 'https://partner.example',
  jwks: { inline: keySet(partner) },
  ...parts,
});
const ofPartner = (claims: object = {}): Promise<string> =>
  partner.sign({ iss: 'https://partner.example', ...claims });
const bearer = (token: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${token}` });

async function statusOf(options: Call, port = mesh.ports.page): Promise<number> {
  return (await call(port, options)).status;
}

describe('a required token', () => {
  beforeAll(() => mesh.guard({ authentication: { jwt: [corp({ audiences: ['reviews'] })] } }));

  test('is asked for with 401 and a challenge', async () => {
    const { status, headers, body } = await call(mesh.ports.page);

    expect({ status, ...headers }).toMatchObject({
      status: 401,
      'www-authenticate': 'Bearer',
      'x-meshwright-refused': 'token-required',
    });
    expect(body).toContain('needs a token');
  });

  test('is asked of gRPC calls with UNAUTHENTICATED', async () => {
    const grpc: Call = { method: 'POST', headers: { 'content-type': 'application/grpc' } };

    expect(await call(mesh.ports.page, grpc)).toMatchObject({
      status: 200,
      headers: { 'grpc-status': '16' },
    });
  });

  test.each(['RS256', 'ES256', 'EdDSA'] as const)(
    'opens with %s, and does not reach the application',
    async (algorithm) => {
      const headers = bearer(await keys[algorithm].sign({ aud: 'reviews' }));

      expect((await seenBy(mesh.ports.page, { headers })).headers['authorization']).toBeUndefined();
      expect((await seenBy(mesh.ports.server, { headers })).headers['authorization']).toBeUndefined();
    },
  );

  test('is asked of plaintext callers as well; probes of the kubelet are let through', async () => {
    expect(await statusOf({}, mesh.ports.server)).toBe(401);
    expect(await statusOf({ path: '/healthy', headers: ofKubelet }, mesh.ports.server)).toBe(200);
  });

  test('needs one of the audiences, written as a text or in a list', async () => {
    const { ES256 } = keys;

    expect((await mesh.get(await ES256.sign({ aud: ['other', 'reviews'] }))).status).toBe(200);
    expect((await mesh.get(await ES256.sign({ aud: 'other' }))).status).toBe(403);
    expect((await mesh.get(await ES256.sign())).status).toBe(403);
  });
});

describe('exceptions', () => {
  test('of Required need no token, in any reading of their path', async () => {
    const exceptions = [{ methods: ['GET'], paths: [{ value: '/public' }] }];
    await mesh.guard({ authentication: { jwt: [corp()], exceptions } });

    const statuses = await Promise.all(
      ['/public', '/public/a', '/%70ublic', '/publicity', '/public/../secret', '/public;x/../secret'].map(
        (path) => statusOf({ path }),
      ),
    );
    expect(statuses).toEqual([200, 200, 200, 401, 401, 401]);
    expect(await statusOf({ path: '/public', method: 'POST' })).toBe(401);
  });

  test('of Optional need one, in some reading of their path', async () => {
    await mesh.guard({
      authentication: { jwt: [corp()], mode: 'Optional', exceptions: [{ paths: [{ value: '/admin' }] }] },
    });

    const paths = ['/', '/admin', '/%61dmin', '/x/../admin', '//admin', '/admin;x'];
    const statuses = await Promise.all(paths.map((path) => statusOf({ path })));
    expect(statuses).toEqual([200, 401, 401, 401, 401, 401]);
    expect((await mesh.get(valid, '/admin')).status).toBe(200);
    expect((await mesh.get('not.a.token')).status).toBe(401);
  });
});

describe('claims as headers', () => {
  const claimsToHeaders = [
    { claim: ['sub'], header: 'X-User' },
    { claim: ['realm', 'level'], header: 'x-user-level' },
    { claim: ['groups'], header: 'x-user-groups' },
  ];
  const forged = {
    'x-user': 'admin',
    X_User: 'admin',
    'x-user-level': '9',
    'x_user-level': '9',
    x_user_level: '9',
    'x-user-groups': 'YWRtaW4=',
    'x-users': 'mine',
  };
  beforeAll(() => mesh.guard({ authentication: { jwt: [corp({ claimsToHeaders })], mode: 'Optional' } }));

  test('are what the token says, whatever the caller writes in any spelling', async () => {
    const token = await keys.ES256.sign({ realm: { level: 3 }, groups: ['a'] });
    const { headers } = await seenBy(mesh.ports.page, { headers: { ...forged, ...bearer(token) } });

    expect(headers).toMatchObject({ 'x-user': 'somebody', 'x-user-level': '3', 'x-users': 'mine' });
    expect(Buffer.from(String(headers['x-user-groups']), 'base64').toString()).toBe('["a"]');
    expect(Object.keys(headers).filter((name) => name.startsWith('x_'))).toEqual([]);
  });

  test.each(['/', '/healthy'])(
    'are nothing without a token, whatever the caller writes: %s',
    async (path) => {
      for (const port of [mesh.ports.page, mesh.ports.server]) {
        // oxlint-disable-next-line no-await-in-loop -- in turn
        const { headers } = await seenBy(port, { path, headers: forged });

        expect(Object.keys(headers).filter((name) => /^x[-_]user/.test(name))).toEqual(['x-users']);
      }
    },
  );

  test('that the token has not are nothing', async () => {
    const { headers } = await seenBy(mesh.ports.page, { headers: { ...forged, ...bearer(valid) } });

    expect(headers['x-user-level']).toBeUndefined();
  });
});

describe('places', () => {
  const from = { headers: [{ name: 'X-Token' }], cookies: ['session'], queryParameters: ['token'] };
  beforeAll(() => mesh.guard({ authentication: { jwt: [corp({ from })] } }));

  test('are those that are named, and no others', async () => {
    expect(await statusOf({ headers: { 'x-token': valid } })).toBe(200);
    expect(await statusOf({ headers: { cookie: `a=b; session=${valid}` } })).toBe(200);
    expect(await statusOf({ path: `/?a=b&token=${valid}` })).toBe(200);
    expect(await statusOf({ headers: bearer(valid) })).toBe(401);
    expect(await statusOf({ path: `/?access_token=${valid}` })).toBe(401);
  });

  test('are emptied, except for cookies', async () => {
    const path = `/?a=b&token=${valid}`;
    const cookie = `session=${valid}`;

    expect((await seenBy(mesh.ports.page, { path })).url).toBe('/?a=b');
    expect((await seenBy(mesh.ports.page, { headers: { cookie } })).headers['cookie']).toBe(cookie);
  });

  test('must all have a valid token, or none', async () => {
    const cookie = 'session=not.a.token';

    expect(await statusOf({ headers: { 'x-token': valid, cookie } })).toBe(401);
  });

  test('keep the token if it is to be forwarded', async () => {
    await mesh.guard({ authentication: { jwt: [corp({ forward: true })] } });

    const { headers } = await seenBy(mesh.ports.page, { headers: bearer(valid) });
    expect(headers['authorization']).toBe(`Bearer ${valid}`);
  });
});

describe('several issuers', () => {
  test('are told apart by the token', async () => {
    await mesh.guard({ authentication: { jwt: [corp(), partners()] } });

    expect((await mesh.get(valid)).status).toBe(200);
    expect((await mesh.get(await ofPartner())).status).toBe(200);
    expect((await mesh.get(await partner.sign())).status).toBe(401);
    expect((await mesh.get(await ofPartner({ iss: 'https://nobody.example' }))).status).toBe(401);
  });

  test('that look into other places do not make up for each other: no token passes unread', async () => {
    const from = { cookies: ['partner'] };
    await mesh.guard({ authentication: { jwt: [corp(), partners({ from })], mode: 'Optional' } });

    const both = { ...bearer(valid), cookie: `partner=${await ofPartner()}` };
    expect(await statusOf({ headers: both })).toBe(200);
    expect(await statusOf({ headers: { ...both, cookie: 'partner=not.a.token' } })).toBe(401);
    expect(await statusOf({ headers: { ...both, authorization: 'Bearer not.a.token' } })).toBe(401);
  });

  test('that look into some of the same places refuse what none of them verifies', async () => {
    const from = { headers: [{ name: 'authorization', prefix: 'Bearer ' }], cookies: ['partner'] };
    await mesh.guard({ authentication: { jwt: [corp(), partners({ from })], mode: 'Optional' } });

    expect(await statusOf({ headers: { cookie: 'partner=not.a.token' } })).toBe(401);
    expect(await statusOf({ headers: bearer('not.a.token') })).toBe(401);
    expect(await statusOf({ headers: bearer(await ofPartner()) })).toBe(200);
    expect(await statusOf({})).toBe(200);
  });

  test('of several policies: each policy that requires a token must have one of its own issuers', async () => {
    await mesh.guard(
      { authentication: { jwt: [corp()] } },
      { authentication: { jwt: [partners()], mode: 'Optional' } },
    );

    expect((await mesh.get(valid)).status).toBe(200);
    expect((await mesh.get(await ofPartner())).status).toBe(401);
  });

  test('a valid token in one place does not make up for one elsewhere that nobody verifies', async () => {
    const from = { headers: [{ name: 'authorization', prefix: 'Bearer ' }], cookies: ['session'] };
    await mesh.guard({ authentication: { jwt: [corp({ from }), partners()], mode: 'Optional' } });
    const theirs = bearer(await ofPartner());

    expect(await statusOf({ headers: { ...theirs, cookie: `session=${valid}` } })).toBe(200);
    expect(await statusOf({ headers: { ...theirs, cookie: 'session=not.a.token' } })).toBe(401);
  });

  test('policies that name the same issuer all learn what the token says', async () => {
    const claims = [{ path: ['team'], values: ['a'] }];
    const [first, second] = ['x-first', 'x-second'].map((header) => ({
      jwt: [corp({ claimsToHeaders: [{ claim: ['team'], header }] })],
    }));
    await mesh.guard(
      { authentication: first },
      {
        authentication: second,
        authorization: { rules: [{ name: 'a', action: 'Deny', from: [{ jwt: { claims } }] }] },
      },
    );
    const [ofA, ofB] = await Promise.all(['a', 'b'].map((team) => keys.ES256.sign({ team })));

    expect((await mesh.get(ofA ?? '')).status).toBe(403);
    expect((await mesh.get(await partner.sign())).status).toBe(401);
    expect((await mesh.get('')).status).toBe(401);
    const { headers } = await seenBy(mesh.ports.page, { headers: bearer(ofB ?? '') });
    expect(headers).toMatchObject({ 'x-first': 'b', 'x-second': 'b' });
    expect(headers).not.toHaveProperty('authorization');
  });
});

describe('a token that is sent twice in one place', () => {
  test.each(['Required', 'Optional'] as const)(
    'is refused (%s): an application might read the one that nobody has verified',
    async (mode) => {
      const from = { cookies: ['session'], queryParameters: ['token'] };
      await mesh.guard({ authentication: { jwt: [corp({ from, forward: true })], mode } });
      const forged = 'not.a.token';

      const statuses = await Promise.all(
        [
          { headers: { cookie: `a=b; session=${valid}; sessions=1` } },
          { headers: { cookie: `session=${valid}; session=${forged}` } },
          { headers: { cookie: `session=${valid};a=b;  session =${forged}` } },
          { headers: { cookie: `session=${valid}; \u00FF=1; session=${forged}` } },
          { headers: { cookie: `\u00FF=1; session=${valid}; session=${forged}` } },
          { path: `/?token=${valid}&tokens=1` },
          { path: `/?token=${valid}&token=${forged}` },
        ].map((one) => statusOf(one)),
      );

      expect(statuses).toEqual([200, 401, 401, 401, 401, 200, 401]);
    },
  );
});
