// Rules that ask for tokens, and what happens to requests while policies and keys change.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Call, call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { type IssuedKey, issueKey, issuerName, keySet } from '../support/data-plane/issuer.ts';
import { type Specs, TokenMesh } from '../support/data-plane/token-mesh.ts';

const closing = new Closing();
afterAll(() => closing.close());

let mesh: TokenMesh;
let old: IssuedKey;
let next: IssuedKey;
const corp = (...keys: readonly IssuedKey[]): object => ({
  name: 'corp',
  issuer: issuerName,
  jwks: { inline: keySet(...keys) },
});

beforeAll(async () => {
  [old, next] = await Promise.all([issueKey('old', 'ES256'), issueKey('next', 'ES256')]);
  mesh = await TokenMesh.start(closing);
});

const statusOf = async (claims: object): Promise<number> =>
  (await mesh.get(await old.sign({ ...claims }))).status;
const allow = (jwt: object, more: object = {}): object => ({
  authentication: { jwt: [corp(old)], mode: 'Optional' },
  authorization: { rules: [{ name: 'a', action: 'Allow', from: [{ jwt, ...more }] }] },
});

describe('an Allow rule', () => {
  test('for any token lets in whoever has one', async () => {
    await mesh.guard(allow({}));

    expect(await statusOf({})).toBe(200);
    expect((await call(mesh.ports.page)).status).toBe(403);
  });

  test('for subjects', async () => {
    await mesh.guard(allow({ provider: 'corp', subjects: ['ann', 'bob'] }));

    expect(
      await Promise.all(['ann', 'bob', 'anna', ['ann'], undefined].map((sub) => statusOf({ sub }))),
    ).toEqual([200, 200, 403, 401, 403]);
  });

  test.each<[string, readonly string[], readonly string[], object, number]>([
    ['text', ['team'], ['a'], { team: 'a' }, 200],
    ['other text', ['team'], ['a'], { team: 'A' }, 403],
    ['an item of a list', ['team'], ['a'], { team: ['b', 'a'] }, 200],
    ['a list without it', ['team'], ['a'], { team: ['b'] }, 403],
    ['a nested list', ['realm', 'roles'], ['a'], { realm: { roles: ['a'] } }, 200],
    ['a list in a list', ['team'], ['a'], { team: [['a']] }, 403],
    ['nothing where an object should be', ['realm', 'roles'], ['a'], { realm: 'a' }, 403],
    ['a name with dots', ['https://x.example/roles'], ['a'], { 'https://x.example/roles': ['a'] }, 200],
    ['a name with dots that is nested', ['a.b'], ['c'], { a: { b: 'c' } }, 403],
    ['a word of scope', ['scope'], ['read'], { scope: 'write read' }, 200],
    ['a part of a word of scope', ['scope'], ['read'], { scope: 'readonly' }, 403],
    ['a word of another claim', ['words'], ['read'], { words: 'write read' }, 403],
    ['a number', ['level'], ['7'], { level: 7 }, 200],
    ['a number as text', ['level'], ['7'], { level: '7' }, 200],
    ['another number', ['level'], ['7'], { level: 7.5 }, 403],
    ['true', ['verified'], ['true'], { verified: true }, 200],
    ['false', ['verified'], ['true'], { verified: false }, 403],
    ['null', ['team'], ['null'], { team: null }, 403],
    ['absent', ['team'], ['a'], {}, 403],
  ])('for a claim: %s', async (_, path, values, claims, status) => {
    await mesh.guard(allow({ claims: [{ path, values }] }));

    expect(await statusOf(claims)).toBe(status);
  });

  test('for a caller and a token needs both', async () => {
    await mesh.guard(allow({ subjects: ['ann'] }, { serviceAccounts: ['shop/page'] }));
    const headers = { authorization: `Bearer ${await old.sign({ sub: 'ann' })}` };

    expect(await statusOf({ sub: 'ann' })).toBe(200);
    expect(await statusOf({ sub: 'bob' })).toBe(403);
    expect((await call(mesh.ports.server, { headers })).status).toBe(403);
    expect((await call(mesh.ports.page)).status).toBe(403);
  });
});

test('a Deny rule refuses whom it names, and nobody for not having a token', async () => {
  await mesh.guard({
    authentication: { jwt: [corp(old)], mode: 'Optional' },
    authorization: {
      rules: [
        { name: 'a', action: 'Deny', from: [{ jwt: { claims: [{ path: ['team'], values: ['a'] }] } }] },
      ],
    },
  });

  expect(await statusOf({ team: ['b', 'a'] })).toBe(403);
  expect(await statusOf({ team: 'b' })).toBe(200);
  expect((await call(mesh.ports.page)).status).toBe(200);
});

describe('while something changes', () => {
  /** Statuses of calls that go on all the while, by token. */
  function during(
    tokens: readonly (string | null)[],
    change: () => Promise<void>,
  ): Promise<readonly Set<number>[]> {
    const calls = tokens.map((token) => ({
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
    }));
    return duringCalls(calls, change);
  }

  async function duringCalls(
    calls: readonly Call[],
    change: () => Promise<void>,
  ): Promise<readonly Set<number>[]> {
    const statuses = calls.map(() => new Set<number>());
    const end = new AbortController();
    const callers = calls.map(async (asked, at) => {
      while (!end.signal.aborted) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        statuses[at]?.add((await call(mesh.ports.page, asked)).status);
      }
    });
    await change();
    end.abort();
    await Promise.all(callers);
    return statuses;
  }

  test('a roll-over of keys loses no request and lets nobody in: old and new, then new alone', async () => {
    await mesh.guard({ authentication: { jwt: [corp(old)] } });
    const [before, after] = [await old.sign(), await next.sign()];

    const both = await during([before, null], () =>
      mesh.guard({ authentication: { jwt: [corp(old, next)] } }),
    );
    const alone = await during([after, null], () => mesh.guard({ authentication: { jwt: [corp(next)] } }));

    expect([...both, ...alone].map((seen) => [...seen])).toEqual([[200], [401], [200], [401]]);
    expect((await mesh.get(before)).status).toBe(401);
  });

  test('a provider that is renamed, and rules that follow it, lose no request and let nobody in', async () => {
    const policy = (name: string): object => ({
      authentication: { jwt: [{ ...corp(old), name }] },
      authorization: {
        rules: [
          {
            name: 'no-a',
            action: 'Deny',
            from: [{ jwt: { provider: name, claims: [{ path: ['team'], values: ['a'] }] } }],
          },
        ],
      },
    });
    await mesh.guard(policy('corp'));
    const [good, denied] = [await old.sign({ team: 'b' }), await old.sign({ team: 'a' })];

    const seen = await during([good, denied, null], async () => {
      for (const name of ['company', 'corp', 'company']) {
        // oxlint-disable-next-line no-await-in-loop -- in turn
        await mesh.guard(policy(name));
      }
    });

    expect(seen.map((statuses) => [...statuses])).toEqual([[200], [403], [401]]);
  });

  test('a policy that comes and goes refuses nobody who has a token', async () => {
    await mesh.guard();
    const good = await old.sign();

    const seen = await during([good], async () => {
      await mesh.guard({ authentication: { jwt: [corp(old)] } });
      await mesh.guard();
      await mesh.guard({ authentication: { jwt: [corp(old)] } });
    });

    expect([...(seen[0] ?? [])]).toEqual([200]);
    expect((await call(mesh.ports.page)).status).toBe(401);
  });

  test('policies that replace each other, come and are deleted: what all of them refuse never gets in, and what all of them permit always does', async () => {
    const rules = (...given: readonly object[]): object => ({ authorization: { rules: given } });
    const noAdmin = rules({ name: 'no-admin', action: 'Deny', to: [{ paths: [{ value: '/admin' }] }] });
    const publicOnly = rules({ name: 'public', action: 'Allow', to: [{ paths: [{ value: '/public' }] }] });
    const pageOnly = rules({ name: 'page', action: 'Allow', from: [{ serviceAccounts: ['shop/page'] }] });
    const steps: readonly Specs[] = [
      [publicOnly],
      [noAdmin],
      [rules(), publicOnly],
      [pageOnly, noAdmin],
      [{ authentication: { jwt: [corp(old)], mode: 'Optional' }, ...noAdmin }],
      [noAdmin, pageOnly],
      [publicOnly, noAdmin],
    ];
    await mesh.guard(noAdmin);

    const seen = await duringCalls(
      ['/admin', '/public'].map((path) => ({ path })),
      async () => {
        for (const specs of [...steps, ...steps]) {
          // oxlint-disable-next-line no-await-in-loop -- in turn
          await mesh.guard(...specs);
        }
      },
    );

    expect(seen.map((statuses) => [...statuses])).toEqual([[403], [200]]);
  });

  test('changes come by no listener', async () => {
    const modified = async (): Promise<number> => {
      const pattern = '^listener_manager\\.listener_(added|modified|in_place_updated|removed)$';
      const stats = await mesh.served.sidecar('server').stats(pattern);
      return [...stats].reduce((sum, [, value]) => sum + value, 0);
    };
    await mesh.guard({ authentication: { jwt: [corp(old)] } });
    const before = await modified();

    await mesh.guard({ authentication: { jwt: [corp(old, next)], mode: 'Optional' } });

    expect(await modified()).toBe(before);
  });
});
