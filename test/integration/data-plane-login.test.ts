// Login with a browser, by a real Envoy at a strict OpenID provider.
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Seen } from '../support/data-plane/applications.ts';
import { Browser, Connection } from '../support/data-plane/browser.ts';
import { type Answer, call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { forgedSession } from '../support/data-plane/forged-session.ts';
import { certificates } from '../support/data-plane/https-issuer.ts';
import { issueKey, keySet } from '../support/data-plane/issuer.ts';
import { OpenIdProvider } from '../support/data-plane/openid-provider.ts';
import { TokenMesh } from '../support/data-plane/token-mesh.ts';

const closing = new Closing();
afterAll(() => closing.close());

const host = 'shop.test';
const redirectURI = `https://${host}/oauth2/callback`;
const secret = 'a-secret-of-a-client';

let mesh: TokenMesh;
let provider: OpenIdProvider;

beforeAll(async () => {
  provider = await OpenIdProvider.start({ id: 'shop', secret, redirectUri: redirectURI }, closing);
  mesh = await TokenMesh.start(closing);
  mesh.secret = { 'client-secret': `${secret}\n` };
  await mesh.guard(policy());
});

beforeEach(() => {
  provider.user = 'alice';
  provider.claims = {};
});

function policy(oidc: object = {}, more: object = {}): object {
  return {
    authentication: {
      jwt: [
        {
          name: 'company',
          issuer: provider.issuer,
          audiences: ['shop'],
          jwks: { inline: provider.keys },
          claimsToHeaders: [{ claim: ['sub'], header: 'x-user' }],
        },
      ],
      exceptions: [{ paths: [{ value: '/public' }] }],
      login: {
        oidc: {
          provider: 'company',
          clientId: 'shop',
          authorizationEndpoint: `${provider.issuer}/authorize`,
          tokenEndpoint: `${provider.issuer}/token`,
          caBundle: provider.caBundle,
          redirectURI,
          ...oidc,
        },
      },
      ...more,
    },
  };
}

const browser = (): Browser => new Browser(mesh.ports.page, host);

async function login(window: Browser, path = '/'): Promise<Answer> {
  const sent = await window.load(path);
  expect(sent.status).toBe(302);
  const back = await window.load(provider.authorize(sent.headers.location ?? ''));
  expect([back.status, back.body]).toEqual([302, '']);
  return window.load(back.headers.location ?? '');
}

const seen = ({ body }: Answer): Seen => JSON.parse(body) as Seen;
const cookiesSet = ({ headers }: Answer): readonly string[] => headers['set-cookie'] ?? [];
/** Of scripts. */
const script = { accept: 'application/json', 'sec-fetch-mode': 'cors' };

/** A login until the provider sends the browser back: where to. */
async function sentBack(window: Browser, path = '/'): Promise<string> {
  const sent = await window.load(path);
  return provider.authorize(sent.headers.location ?? '');
}

/** The status of what came of it, the cookies of a session that it set, and the status of the next page. */
async function outcome(window: Browser, location: string): Promise<readonly unknown[]> {
  const answer = await window.load(location);
  const session = cookiesSet(answer).filter((line) => /-(hmac|id)=(?!deleted)/.test(line));
  return [answer.status, session, (await window.load('/')).status];
}
/** Nobody got in, and nobody has a session. */
const nothing = [401, [], 302];

function changedState(location: string, change: object): string {
  const url = new URL(location);
  const state = Buffer.from(url.searchParams.get('state') ?? '', 'base64url').toString();
  const changed = JSON.stringify({ ...(JSON.parse(state) as object), ...change });
  url.searchParams.set('state', Buffer.from(changed).toString('base64url'));
  return url.href;
}

describe('a browser', () => {
  test('is sent to the provider, comes back to where it wanted to go, and is known', async () => {
    const page = await login(browser(), '/cart?item=7');

    expect(page.status).toBe(200);
    expect(seen(page)).toMatchObject({ url: '/cart?item=7', headers: { 'x-user': 'alice' } });
  });

  test('gets cookies that no script reads and no other host writes', async () => {
    const window = browser();
    const sent = await window.load('/');
    const back = await window.load(provider.authorize(sent.headers.location ?? ''));

    const set = [sent, back].flatMap(cookiesSet).filter((line) => !line.includes('=deleted'));
    expect(set.length).toBeGreaterThan(4);
    for (const line of set) {
      expect(line).toMatch(
        /^__Host-mw-[0-9a-f]{8}-[a-z]+[^=]*=[^;]+;path=\/;Max-Age=\d+;secure;HttpOnly;SameSite=Lax$/,
      );
    }
    // Encrypted.
    expect(set.join()).not.toContain('eyJ');
  });

  test('keeps its own cookies for the application, which gets nothing of the session', async () => {
    const window = browser();
    await login(window);
    window.cookies.set('theme', 'dark');

    const { headers } = seen(await window.load('/'));
    expect(headers.cookie).toBe('theme=dark');
    expect(Object.keys(headers).filter((name) => /oauth|meshwright|authorization/.test(name))).toEqual([]);
  });

  test('logs in within two tabs at the same time', async () => {
    const window = browser();
    const [one, other] = [await sentBack(window, '/one'), await sentBack(window, '/other')];

    expect((await window.load(other)).headers.location).toBe(`https://${host}/other`);
    expect((await window.load(one)).headers.location).toBe(`https://${host}/one`);
    expect((await window.load('/')).status).toBe(200);
  });

  test('comes back to the host of redirectURI, whatever host a request names', async () => {
    const sent = await browser().load('/x', { host: 'evil.test' });

    expect(sent.headers.location).toContain(`redirect_uri=${encodeURIComponent(redirectURI)}`);
    const state = new URL(sent.headers.location ?? '').searchParams.get('state') ?? '';
    expect(JSON.parse(Buffer.from(state, 'base64url').toString())).toMatchObject({
      url: `https://${host}/x`,
    });
  });

  test('logs out, and has to log in again', async () => {
    const window = browser();
    await login(window);

    const out = await window.load('/oauth2/logout');
    expect([out.status, out.headers.location]).toEqual([302, `https://${host}/`]);
    expect([...window.cookies.keys()]).toEqual([]);
    expect((await window.load('/')).status).toBe(302);
  });
});

test('secrets are in the sidecar of the target only, and neither its administration page nor its log shows them', async () => {
  await login(browser());
  const [server, page] = ['server', 'page'].map((name) => mesh.served.sidecar(name));
  const dumped = await Promise.all(
    [server, page].map(async (sidecar) => {
      const answer = await fetch(`http://127.0.0.1:${sidecar?.adminPort ?? 0}/config_dump?include_eds`);
      return answer.text();
    }),
  );
  expect(dumped[0]).toContain('login/shop/policy-0/client-secret');
  expect(dumped[1]).not.toContain('login/shop/policy-0/client-secret');
  const all = [...dumped, ...((await server?.log()) ?? [])].join();
  expect(all).not.toContain(secret);
  expect(all).not.toContain(Buffer.from(secret).toString('base64'));
});

describe('who is not a browser that loads a page', () => {
  test.each([
    ['a script', script],
    ['a picture', { accept: 'image/*', 'sec-fetch-mode': 'no-cors' }],
    ['a frame of fetch', { 'sec-fetch-mode': 'cors' }],
    ['a client that names no types', { accept: '*/*' }],
  ])('is refused with 401: %s', async (_, headers) => {
    const answer = await browser().load('/', headers);

    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect(answer.headers['x-meshwright-refused']).toBe('token-required');
  });

  test('posts nothing into a redirect', async () => {
    const { status } = await call(mesh.ports.page, {
      method: 'POST',
      body: 'a=b',
      headers: { accept: 'text/html' },
    });
    expect(status).toBe(401);
  });

  test('has the session of the browser', async () => {
    const window = browser();
    await login(window);

    expect(seen(await window.load('/', script)).headers).toMatchObject({ 'x-user': 'alice' });
  });

  test('gets in with a token, and only with a valid one', async () => {
    const good = await browser().load('/', {
      authorization: `Bearer ${await provider.idToken({ sub: 'robot' })}`,
    });
    const expired = { authorization: `Bearer ${await provider.idToken({ exp: 1 })}` };

    expect(seen(good).headers).toMatchObject({ 'x-user': 'robot' });
    expect((await browser().load('/', expired)).status).toBe(401);
  });
});

describe('exceptions', () => {
  test('need no login, and know who is logged in', async () => {
    const window = browser();
    expect(seen(await window.load('/public')).headers).not.toHaveProperty('x-user');
    await login(window);
    expect(seen(await window.load('/public')).headers).toMatchObject({ 'x-user': 'alice' });
  });

  test('take what is no session for none', async () => {
    const window = browser();
    await login(window);
    for (const [name] of window.cookies) if (name.endsWith('-hmac')) window.cookies.set(name, 'forged');

    const { headers } = seen(await window.load('/public'));
    expect(headers).not.toHaveProperty('x-user');
    expect(headers).not.toHaveProperty('cookie');
  });
});

describe('an attacker does not get in', () => {
  test('without the cookies of the browser that began the login', async () => {
    expect(await outcome(browser(), await sentBack(browser()))).toEqual(nothing);
  });

  test('with the cookies of another login', async () => {
    const window = browser();
    await window.load('/');
    expect(await outcome(window, await sentBack(browser()))).toEqual(nothing);
  });

  test('with a code that was used', async () => {
    const window = browser();
    const location = await sentBack(window);
    const stolen = window.copy();
    expect((await window.load(location)).status).toBe(302);

    expect(await outcome(stolen, location)).toEqual(nothing);
    expect(provider.log.at(-1)).toContain('unknown or used code');
  });

  test('with an invented code', async () => {
    const window = browser();
    const url = new URL(await sentBack(window));
    url.searchParams.set('code', 'invented');
    expect(await outcome(window, url.href)).toEqual(nothing);
  });

  test.each([
    'https://evil.example/',
    '//evil.example/',
    'javascript:alert(1)',
    `https://${host}.evil.example/`,
  ])('by a way back that leads elsewhere: %s', async (url) => {
    const window = browser();
    expect(await outcome(window, changedState(await sentBack(window), { url }))).toEqual(nothing);
  });

  test('with cookies that it changes', async () => {
    const window = browser();
    await login(window);
    const names = [...window.cookies.keys()];
    expect(names.map((name) => name.split('-').at(-1))).toEqual(['hmac', 'expires', 'id']);
    for (const name of names) {
      const forged = window.copy();
      forged.cookies.set(name, name.endsWith('expires') ? '99999999999' : 'AAAA');
      expect((await forged.load('/')).status).toBe(302);
      expect((await forged.load('/', script)).status).toBe(401);
    }
  });

  test('with headers that only sidecars write', async () => {
    const token = await provider.idToken({ sub: 'mallory' });
    const headers = { ...script, 'x-meshwright-id-token': token, 'x-meshwright-login': 'allowed' };

    expect((await browser().load('/', headers)).status).toBe(401);
    expect(seen(await browser().load('/public', headers)).headers).not.toHaveProperty('x-user');
  });

  test('with the key of sessions, without a token that the provider signed', async () => {
    const forged = (token: string): Browser => {
      const window = browser();
      for (const [name, value] of forgedSession({ host, secret, token })) window.cookies.set(name, value);
      return window;
    };
    // So it would be done.
    expect((await forged(await provider.idToken()).load('/')).status).toBe(200);

    const other = await issueKey('k1', 'RS256');
    const claims = { iss: provider.issuer, aud: 'shop', sub: 'alice' };
    for (const token of [await other.sign(claims), await provider.idToken({ aud: 'another' }), 'x.y.z', ''])
      expect([302, 401, 403]).toContain((await forged(token).load('/')).status);
  });

  test('with a session of another host', async () => {
    const window = browser();
    await login(window);
    expect((await window.load('/', { ...script, host: 'other.test' })).status).toBe(401);
  });
});

describe('rules', () => {
  const roles = (...values: readonly string[]): object => ({
    authorization: {
      rules: [
        { name: 'admins', action: 'Allow', from: [{ jwt: { claims: [{ path: ['roles'], values }] } }] },
      ],
    },
  });
  afterAll(() => mesh.guard(policy()));

  test('compare claims of who has logged in', async () => {
    await mesh.guard({ ...policy(), ...roles('admin') });

    provider.claims = { roles: ['admin'] };
    expect((await login(browser())).status).toBe(200);
    provider.claims = { roles: ['guest'] };
    expect((await login(browser())).status).toBe(403);
    expect((await browser().load('/')).status).toBe(302);
  });
});

describe('a change', () => {
  afterEach(async () => {
    provider.client.secret = secret;
    provider.lifetime = 3_600;
    mesh.secret = { 'client-secret': secret };
    await mesh.guard(policy());
  });

  test('of the secret of the client holds from the next login on; sessions go on if they have a key of their own', async () => {
    mesh.secret = { 'client-secret': secret, sessions: 'what-signs-sessions' };
    await mesh.guard(policy());
    const window = browser();
    await login(window);
    provider.client.secret = 'another-secret-of-the-client';

    expect((await browserThatLogsIn()).status).toBe(401);
    mesh.secret = { 'client-secret': provider.client.secret, sessions: 'what-signs-sessions' };
    await mesh.guard(policy());
    expect((await window.load('/')).status).toBe(200);
    expect((await browserThatLogsIn()).status).toBe(302);
  });

  test('of what signs sessions ends them all', async () => {
    const window = browser();
    await login(window);
    mesh.secret = { 'client-secret': secret, sessions: 'what-signs-sessions' };
    await mesh.guard(policy());

    expect((await window.load('/')).status).toBe(302);
    expect((await window.load('/', script)).status).toBe(401);
  });

  test('of the policy is obeyed by connections that exist, and that of a login changes no listener', async () => {
    const server = mesh.served.sidecar('server');
    const connection = new Connection(mesh.ports.server, host);
    expect(await connection.get()).toBe(302);
    const modified = async (): Promise<unknown> =>
      (await server.stats('listener_manager')).get('listener_manager.listener_modified');
    const before = await modified();
    await mesh.guard(policy({}, { login: undefined }));
    expect(await connection.get()).toBe(401);
    await mesh.guard(policy());
    expect(await connection.get()).toBe(302);
    expect(await modified()).toBe(before);

    await mesh.guard();
    expect(await connection.get()).toBe(200);
    await mesh.guard(policy());
    expect(await connection.get()).toBe(302);
    connection.close();
  });

  test('of the secret to none refuses browsers, and lets tokens in', async () => {
    mesh.secret = {};
    await mesh.guard(policy());

    expect((await browser().load('/')).status).toBe(401);
    expect((await browser().load('/', { authorization: `Bearer ${await provider.idToken()}` })).status).toBe(
      200,
    );
  });

  test('of the CA to another lets nobody in, and the provider sees no code', async () => {
    const other = await certificates();
    await mesh.guard(policy({ caBundle: other.ca }));
    const asked = provider.log.filter((line) => line === 'token').length;

    expect((await browserThatLogsIn()).status).toBe(401);
    expect(provider.log.filter((line) => line === 'token')).toHaveLength(asked);
  });

  test('of clientAuthentication and endSessionEndpoint', async () => {
    await mesh.guard(
      policy({ clientAuthentication: 'Post', endSessionEndpoint: `${provider.issuer}/logout` }),
    );
    const window = browser();
    await login(window);

    const out = await window.load('/oauth2/logout');
    const sent = new URL(out.headers.location ?? '');
    expect([sent.origin, sent.pathname]).toEqual([provider.issuer, '/logout']);
    expect(sent.searchParams.get('post_logout_redirect_uri')).toBe(`https://${host}/`);
    expect([...window.cookies.keys()]).toEqual([]);
  });
});

/** What comes of a login where the provider sends the browser back. */
async function browserThatLogsIn(): Promise<Answer> {
  const window = browser();
  return window.load(await sentBack(window));
}

describe('a session that has ended', () => {
  beforeEach(() => {
    provider.lifetime = 2;
  });
  afterAll(async () => {
    provider.lifetime = 3_600;
    await mesh.guard(policy());
  });

  async function ended(window: Browser): Promise<void> {
    const expires = Number([...window.cookies].find(([name]) => name.endsWith('-expires'))?.[1]);
    while (Date.now() / 1_000 <= expires + 1) await setTimeout(50);
  }

  test('sends page loads to the provider', async () => {
    const window = browser();
    await login(window);
    await ended(window);

    expect((await window.load('/', script)).status).toBe(401);
    // The next one is not to end before its first page.
    provider.lifetime = 3_600;
    expect((await login(window)).status).toBe(200);
  });

  test('goes on with a refresh token, which nobody can invent', async () => {
    await mesh.guard(policy({ refresh: true }));
    const window = browser();
    await login(window);
    const before = new Map(window.cookies);
    await ended(window);

    expect(seen(await window.load('/', script)).headers).toMatchObject({ 'x-user': 'alice' });
    expect(window.cookies).not.toEqual(before);
    const forged = browser();
    for (const [name] of window.cookies) forged.cookies.set(name, 'invented');
    expect((await forged.load('/')).status).toBe(302);
    expect((await forged.load('/', script)).status).toBe(401);
    expect(provider.log.at(-1)).toContain('unknown refresh token');
  });
});

describe('a session whose token is refused', () => {
  const trusting = (parts: object): object =>
    policy({}, { jwt: [{ name: 'company', issuer: provider.issuer, audiences: ['shop'], ...parts }] });
  const good = (): object => trusting({ jwks: { inline: provider.keys } });

  const authenticationOf = (spec: { authentication?: object }): object => spec.authentication ?? {};

  beforeEach(() => mesh.guard(good()));
  afterAll(() => mesh.guard(policy()));

  /** Because the issuer has other keys by now, or because the token is for another audience. */
  async function causes(): Promise<readonly object[]> {
    const inline = keySet(await issueKey('k2', 'RS256'));
    return [
      trusting({ jwks: { inline } }),
      trusting({ jwks: { inline: provider.keys }, audiences: ['other'] }),
    ];
  }

  test('ends, and the page load begins another login, that of the same page', async () => {
    for (const cause of await causes()) {
      await mesh.guard(good());
      const window = browser();
      await login(window);
      const stale = window.copy();
      await mesh.guard(cause);

      for (const path of ['/cart?item=7', '//evil.example/']) {
        const again = stale.copy();
        const ended = await again.load(`https://${host}${path}`);
        expect([ended.status, ended.headers.location]).toEqual([302, `https://${host}${path}`]);
      }
      const ended = await window.load('/cart?item=7');
      expect(ended.headers['www-authenticate']).toBeUndefined();
      const sent = await window.load(ended.headers.location ?? '');
      expect(new URL(sent.headers.location ?? '').origin).toBe(provider.issuer);

      await mesh.guard(good());
      const back = await window.load(provider.authorize(sent.headers.location ?? ''));
      expect(seen(await window.load(back.headers.location ?? ''))).toMatchObject({ url: '/cart?item=7' });
    }
  });

  test('and is refused again after another login: no browser goes round', async () => {
    for (const cause of await causes()) {
      await mesh.guard(cause);
      const window = browser();
      const first = await login(window);
      expect([first.status, first.headers.location]).toEqual([302, `https://${host}/`]);

      expect([401, 403]).toContain((await login(window)).status);
      // Whoever loads the page again has another login.
      expect((await window.load('/')).status).toBe(302);
    }
  });

  test('ends also where no token is needed, and the page is loaded without it', async () => {
    const window = browser();
    await login(window);
    const [cause = {}] = await causes();
    await mesh.guard({
      ...cause,
      authentication: { ...authenticationOf(cause), exceptions: [{ paths: [{ value: '/public' }] }] },
    });
    const ended = await window.load('/public');

    expect([ended.status, ended.headers.location]).toEqual([302, `https://${host}/public`]);
    expect((await window.load('/public')).status).toBe(200);
  });

  test('is not that of a request that brings another token, which is refused', async () => {
    const window = browser();
    await login(window);
    const answer = await window.load('/', { authorization: 'Bearer x.y.z' });

    expect([answer.status, answer.headers['set-cookie']]).toEqual([401, undefined]);
    expect((await window.load('/')).status).toBe(200);
  });

  test('is refused as ever to whoever loads no page', async () => {
    const window = browser();
    await login(window);
    const [cause = {}] = await causes();
    await mesh.guard(cause);
    const answer = await window.load('/', script);

    expect([answer.status, answer.headers['set-cookie']]).toEqual([401, undefined]);
  });

  test('says nothing about what the application refuses', async () => {
    const window = browser();
    await login(window);
    const answer = await window.load('/?status=401');

    expect([answer.status, answer.headers.location]).toEqual([401, undefined]);
  });
});

describe('tokens that are too large for a cookie', () => {
  test('are kept in several', async () => {
    provider.claims = { groups: Array.from({ length: 400 }, (_, index) => `group-${index}`) };
    const window = browser();

    expect((await login(window)).status).toBe(200);
    expect(Math.max(...[...window.cookies.values()].map(({ length }) => length))).toBeLessThan(4_096);
    expect(seen(await window.load('/')).headers).not.toHaveProperty('cookie');
  });
});

describe('a provider that is down', () => {
  test('lets nobody in; sessions go on', async () => {
    const window = browser();
    await login(window);
    const other = browser();
    const back = await sentBack(other);
    await provider.stop();

    expect(await outcome(other, back)).toEqual(nothing);
    expect((await window.load('/')).status).toBe(200);
  });
});

test('cookies of 200 KB take no time, whatever is in them', async () => {
  for (const cookie of [`a=${' '.repeat(200_000)}b`, 'a; '.repeat(66_000), `${' '.repeat(100_000)};a`]) {
    expect((await call(mesh.ports.page, { headers: { ...script, host, cookie } })).status).toBe(401);
  }
}, 5_000);
