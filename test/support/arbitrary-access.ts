// SecurityPolicies and requests at random that meet each other often: for comparing what is said of access with what happens.
import * as fc from 'fast-check';
import type { SecurityPolicySpec } from '../../api/v1alpha1/security/policy.ts';
import { securityPolicySpec } from './arbitraries.ts';
import { type IssuedKey, keySet, secondsFromNow } from './data-plane/issuer.ts';

/**
 * Without mtls. Most issuers have usable keys.
 * @param authorizer name of the Service that external authorizers are; some are none at all
 */
export function policyFor(issuer: IssuedKey, authorizer: string): fc.Arbitrary<Partial<SecurityPolicySpec>> {
  return securityPolicySpec().map(({ authentication, authorization }) => ({
    ...(authorization !== undefined && { authorization: askingAt(authorizer, authorization) }),
    ...(authentication !== undefined && {
      authentication: {
        ...authentication,
        jwt: authentication.jwt.map((provider) => ({
          ...provider,
          jwks:
            (provider.jwks.inline?.length ?? 99) > 15 || provider.name === 'corp'
              ? { inline: keySet(issuer) }
              : provider.jwks,
        })),
      },
    }),
  }));
}

type Authorization = NonNullable<SecurityPolicySpec['authorization']>;

function askingAt(name: string, { external, ...more }: Authorization): Authorization {
  if (external === undefined || external.service.name === 'details') return { ...more, external };
  return { ...more, external: { ...external, service: { name, port: 80 } } };
}

const from = <T>(...pool: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...pool);

/** Most of the time the first. */
const mostly = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 7 }, { arbitrary: from(...others), weight: 2 });

const claims = fc.record(
  {
    iss: fc.oneof(
      from('https://issuer.example', 'https://other.example'),
      mostly('https://issuer.example', 'x'),
    ),
    aud: mostly<string | readonly string[]>(['reviews', 'ratings'], 'https://reviews/', 'x', []),
    sub: from('ann', 'bob', 'eve'),
    scope: from('admin 7', 'true', 'administrator'),
    realm: from<object>({ roles: ['admin'], level: 7 }, { roles: 7 }, { roles: true, level: 'high' }, {}),
    'https://x.example/roles': from<unknown>('admin', [7, 'x'], true, null),
    exp: mostly(3_600, -7_200, -20),
    nbf: mostly(-3_600, 40, 7_200),
  },
  { requiredKeys: ['iss', 'exp', 'aud'] },
);

type Header = readonly [name: string, value: string];

interface Message {
  readonly path: string;
  readonly headers: readonly Header[];
}

type Place = (token: string, message: Message) => Message;
const inHeader =
  (name: string, prefix: string): Place =>
  (token, { path, headers }) => ({ path, headers: [...headers, [name, prefix + token]] });
const bearer = inHeader('authorization', 'Bearer ');
const places: readonly Place[] = [
  inHeader('authorization', 'bearer '),
  inHeader('x-token', ''),
  inHeader('cookie', 'a=b; session='),
  (token, { path, headers }) => ({ path: `${path}${path.includes('?') ? '&' : '?'}token=${token}`, headers }),
];

interface Keys {
  readonly trusted: IssuedKey;
  readonly other: IssuedKey;
}

const token = fc.record({
  place: mostly(bearer, ...places),
  claims,
  signer: mostly<'trusted' | 'other' | 'nobody'>('trusted', 'other', 'nobody'),
});

async function written(
  {
    signer,
    claims: said,
  }: {
    readonly signer: keyof Keys | 'nobody';
    readonly claims: { readonly exp: number; readonly nbf?: number };
  },
  keys: Keys,
): Promise<string> {
  if (signer === 'nobody') return 'no.to.ken';
  const { exp, nbf, ...others } = said;
  const times = { exp: secondsFromNow(exp), ...(nbf !== undefined && { nbf: secondsFromNow(nbf) }) };
  return keys[signer].sign({ ...others, ...times });
}

const paths = [
  '/',
  '/a',
  '/a/',
  '/a/b?c=d',
  '/reviews/1',
  '/health',
  '/HEALTH/x',
  '/~user',
  '/%7Euser/x',
  '/a;b=c',
  '/a;b=c/x',
  '/%C3%BC',
  '/a%20b',
  '/a%7cb',
  '/%61',
  '/x/../a',
  '//a/b',
  '/a%2Fb',
  '/v1/x',
  '/1',
  '/abc',
  '/.well-known/x',
  '/a%5Cb',
  '/a/..;/b',
  '/%00',
  '/x//..//health',
];

const plain = fc.record({
  method: from('GET', 'POST', 'DELETE', 'M-SEARCH', 'PROPFIND'),
  path: from(...paths),
  /** An address from which it comes in plaintext; null: from the sidecar of the caller. */
  from: from<string | null>(null, null, '127.0.0.1', '127.9.8.7'),
  headers: fc.record(
    {
      'x-group': from('a', 'a b', 'b, a', '.*', 'ADMIN'),
      x_group: from('a'),
      'a-b-c-d-e-f': from('a', 'a b'),
      cookie: from('a', 'b=c', 'a, b'),
      'x-debug': from('', '1'),
      'x-forwarded-for': from(
        '10.1.2.3',
        '192.0.2.7, 10.0.0.1',
        '10.0.0.1, unknown',
        'fd00::1',
        '::ffff:10.9.9.9',
      ),
      'x-user': from('eve'),
    },
    { requiredKeys: [] },
  ),
  tokens: fc.array(token, { maxLength: 2 }),
});

/** withTokens: what is sent when its tokens have been signed. */
export const calledRequest = plain.map(({ headers, tokens, ...request }) => ({
  ...request,
  withTokens: async (keys: Keys): Promise<Message> => {
    const said = Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    let message: Message = { path: request.path, headers: said };
    for (const one of tokens) message = one.place(await written(one, keys), message);
    return { ...message, headers: [...new Map(message.headers)] };
  },
}));
