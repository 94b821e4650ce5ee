// Cases of tokens in a SecurityPolicy.
import { type ApiCase, casesOf } from './api-case.ts';

const { valid, refused } = casesOf('SecurityPolicy');
const targetRefs = [{ kind: 'Deployment', name: 'reviews' }];
const corp = { name: 'corp', issuer: 'https://issuer.example', jwks: { inline: '{"keys":[]}' } };
const provided = (parts: object): object => ({
  targetRefs,
  authentication: { jwt: [{ ...corp, ...parts }] },
});
const asked = (jwt: object, authentication: object | null = { jwt: [corp] }): object => ({
  targetRefs,
  ...(authentication !== null && { authentication }),
  authorization: { rules: [{ name: 'a', action: 'Allow', from: [{ jwt }] }] },
});
const fetched = { uri: 'https://issuer.example/jwks.json' };
const caBundle = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const provider = 'spec.authentication.jwt[0]';

export const securityTokenCases: readonly ApiCase[] = [
  valid('an issuer with its keys alone', provided({})),
  valid('everything there is to say of tokens', {
    targetRefs,
    authentication: {
      jwt: [
        {
          ...corp,
          audiences: ['reviews', 'https://reviews.example/'],
          from: {
            headers: [{ name: 'Authorization', prefix: 'Bearer ' }, { name: 'x-token' }],
            cookies: ['session'],
            queryParameters: ['access_token'],
          },
          forward: true,
          claimsToHeaders: [{ claim: ['realm', 'email'], header: 'X-User-Email' }],
          clockSkew: '1m30s',
        },
        { ...corp, name: 'other' },
      ],
      mode: 'Optional',
      exceptions: [{ methods: ['GET'], paths: [{ value: '/admin', ignoreCase: true }] }],
    },
  }),
  refused(
    'authentication without issuers',
    { targetRefs, authentication: {} },
    {
      field: 'spec.authentication.jwt',
    },
  ),
  refused(
    'an empty list of issuers',
    { targetRefs, authentication: { jwt: [] } },
    {
      field: 'spec.authentication.jwt',
    },
  ),
  refused(
    'two issuers of one name',
    { targetRefs, authentication: { jwt: [corp, corp] } },
    { field: 'spec.authentication.jwt[1]' },
  ),
  refused('an issuer with a space', provided({ issuer: 'the issuer' }), {
    field: `${provider}.issuer`,
    message: 'Write the value as it is in tokens',
  }),
  valid('an issuer whose discovery document names its keys', provided({ jwks: undefined })),
  valid(
    'a CA and an interval for discovery',
    provided({
      issuer: 'https://keycloak.auth.svc:8443/realms/shop',
      jwks: {
        caBundle: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
        refreshInterval: '1h',
      },
    }),
  ),
  refused(
    'an issuer without keys that cannot have a discovery document',
    provided({ issuer: 'corp', jwks: {} }),
    {
      field: provider,
      message: 'Set jwks.uri or jwks.inline: only an issuer that is an https URI',
    },
  ),
  refused('discovery in plaintext', provided({ issuer: 'http://issuer.example', jwks: undefined }), {
    field: provider,
    message: 'Set jwks.uri or jwks.inline: only an issuer that is an https URI',
  }),
  refused('keys that are no JSON object', provided({ jwks: { inline: '[]' } }), {
    field: `${provider}.jwks.inline`,
    message: 'Write a JSON Web Key Set',
  }),
  refused(
    'a private key',
    provided({ jwks: { inline: '{"keys":[{"kty":"EC","crv":"P-256","x":"a","y":"b", "d" :"c"}]}' } }),
    { field: `${provider}.jwks.inline`, message: 'Remove the private key' },
  ),
  refused('a symmetric key', provided({ jwks: { inline: '{"keys":[{"kty": "oct","k":"c"}]}' } }), {
    field: `${provider}.jwks.inline`,
    message: 'Remove symmetric keys',
  }),
  valid('an issuer whose keys are fetched', provided({ jwks: { uri: 'https://issuer.example/jwks.json' } })),
  valid(
    'everything there is to say of fetched keys',
    provided({
      jwks: {
        uri: 'https://[2001:db8::7]:8443/realms/shop/certs?format=jwks&v=1',
        caBundle: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
        refreshInterval: '30s',
      },
    }),
  ),
  refused(
    'keys, and where they are',
    provided({ jwks: { inline: '{"keys":[]}', uri: 'https://issuer.example' } }),
    { field: `${provider}.jwks`, message: 'Set inline or uri, not both.' },
  ),
  refused('a CA for keys that are not fetched', provided({ jwks: { ...corp.jwks, caBundle } }), {
    field: `${provider}.jwks`,
    message: 'Remove caBundle',
  }),
  refused(
    'an interval for keys that are not fetched',
    provided({ jwks: { ...corp.jwks, refreshInterval: '5m' } }),
    {
      field: `${provider}.jwks`,
      message: 'Remove refreshInterval',
    },
  ),
  ...[
    'http://issuer.example/jwks.json',
    'https://user:password@issuer.example/jwks.json',
    'https://issuer.example@10.0.0.1/',
    'https://issuer.example/jwks.json#keys',
    'https:///jwks.json',
    'file:///etc/passwd',
    'https://issuer.example\\@10.0.0.1/',
    ' https://issuer.example/',
    'https://issuer.example/\nHost: x',
  ].map((uri) =>
    refused(`keys at ${JSON.stringify(uri)}`, provided({ jwks: { uri } }), {
      field: `${provider}.jwks.uri`,
      message: 'Write an https URI',
    }),
  ),
  refused('keys at a port that is none', provided({ jwks: { uri: 'https://issuer.example:65536/' } }), {
    field: `${provider}.jwks.uri`,
    message: 'Use a port from 1 to 65535.',
  }),
  refused('keys at half an address', provided({ jwks: { uri: 'https://10.0.300/jwks' } }), {
    field: `${provider}.jwks.uri`,
    message: 'Write the IPv4 address in full',
  }),
  ...['https://10.0.0.3:65535/jwks', 'https://[2001:db8::7]:8443/jwks', 'https://10.example/'].map((uri) =>
    valid(`keys at ${uri}`, provided({ jwks: { uri } })),
  ),
  refused('a CA that is no certificate', provided({ jwks: { ...fetched, caBundle: 'MIIB' } }), {
    field: `${provider}.jwks.caBundle`,
    message: 'Write CA certificates in PEM',
  }),
  refused(
    'a private key beside the CA',
    provided({ jwks: { ...fetched, caBundle: `${caBundle}-----BEGIN PRIVATE KEY-----` } }),
    { field: `${provider}.jwks.caBundle`, message: 'Remove the private key' },
  ),
  ...['29s', '61m'].map((refreshInterval) =>
    refused(`a refresh every ${refreshInterval}`, provided({ jwks: { ...fetched, refreshInterval } }), {
      field: `${provider}.jwks.refreshInterval`,
      message: 'between 30s and 1h',
    }),
  ),
  refused('places that are none', provided({ from: {} }), {
    field: `${provider}.from`,
    message: 'Name a header, a cookie or a query parameter',
  }),
  refused(
    'a token in a header of sidecars',
    provided({ from: { headers: [{ name: 'X-Meshwright-Token' }] } }),
    {
      field: `${provider}.from.headers[0].name`,
      message: 'Choose another name',
    },
  ),
  ...[
    'x_user',
    'host',
    'Authorization',
    'x-envoy-user',
    'X-Forwarded-User',
    'x-meshwright-user',
    'a-b-c-d-e-f-g',
  ].map((header) =>
    refused(`claims in the header ${header}`, provided({ claimsToHeaders: [{ claim: ['sub'], header }] }), {
      field: `${provider}.claimsToHeaders[0].header`,
    }),
  ),
  refused(
    'a claim with dots as a header',
    provided({ claimsToHeaders: [{ claim: ['a.b'], header: 'x-user' }] }),
    { field: `${provider}.claimsToHeaders[0].claim[0]`, message: 'without dots' },
  ),
  ...['0s', '6m'].map((clockSkew) =>
    refused(`a clock skew of ${clockSkew}`, provided({ clockSkew }), {
      field: `${provider}.clockSkew`,
      message: 'Set clockSkew between 1s and 5m',
    }),
  ),
  refused(
    'an exception that says nothing',
    { targetRefs, authentication: { jwt: [corp], exceptions: [{}] } },
    { field: 'spec.authentication.exceptions[0]', message: 'Name a method, a path' },
  ),
  valid('a rule for every token', asked({})),
  valid(
    'a rule for some tokens',
    asked({
      provider: 'corp',
      subjects: ['ann'],
      claims: [{ path: ['https://x.example/roles'], values: ['a b'] }],
    }),
  ),
  refused('a rule for tokens that nobody verifies', asked({}, null), {
    field: 'spec',
    message: 'Add the provider that jwt of a rule asks for',
  }),
  refused('a rule for an issuer that is not there', asked({ provider: 'other' }), {
    field: 'spec',
    message: 'Add the provider that jwt of a rule asks for',
  }),
  refused('a claim without values', asked({ claims: [{ path: ['roles'], values: [] }] }), {
    field: 'spec.authorization.rules[0].from[0].jwt.claims[0].values',
  }),
];
