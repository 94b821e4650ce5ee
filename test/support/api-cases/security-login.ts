// Cases of logins in a SecurityPolicy.
import { type ApiCase, casesOf } from './api-case.ts';

const { valid, refused } = casesOf('SecurityPolicy');
const targetRefs = [{ kind: 'Deployment', name: 'shop' }];
const corp = {
  name: 'corp',
  issuer: 'https://login.example',
  audiences: ['shop'],
  jwks: { uri: 'https://login.example/jwks' },
};
const oidc = {
  provider: 'corp',
  clientId: 'shop',
  authorizationEndpoint: 'https://login.example/authorize',
  tokenEndpoint: 'https://login.example/token',
  redirectURI: 'https://shop.example/oauth2/callback',
};
const withOidc = (parts: object, provider: object = {}): object => ({
  targetRefs,
  authentication: { jwt: [{ ...corp, ...provider }], login: { oidc: { ...oidc, ...parts } } },
});
const field = (name: string): string => `spec.authentication.login.oidc.${name}`;

export const securityLoginCases: readonly ApiCase[] = [
  valid('a login with what is needed', withOidc({})),
  valid(
    'everything there is to say of a login',
    withOidc({
      clientSecretKey: 'shop.secret',
      clientAuthentication: 'Post',
      endSessionEndpoint: 'https://login.example/logout',
      caBundle: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
      scopes: ['email', 'https://login.example/groups'],
      redirectURI: 'https://shop.example:8443/oauth2/callback',
      logoutPath: '/logout',
      cookies: { domain: 'shop.example', sameSite: 'None' },
      refresh: true,
    }),
  ),
  valid(
    'endpoints from the discovery document of the issuer',
    withOidc({ authorizationEndpoint: undefined, tokenEndpoint: undefined }, { jwks: undefined }),
  ),
  refused(
    'endpoints that nobody names',
    withOidc({ authorizationEndpoint: undefined, tokenEndpoint: undefined }),
    {
      field: 'spec.authentication',
      message: 'Set login.oidc.authorizationEndpoint and tokenEndpoint, or remove',
    },
  ),
  refused('one endpoint', withOidc({ authorizationEndpoint: undefined }, { jwks: undefined }), {
    field: 'spec.authentication.login.oidc',
    message: 'Set authorizationEndpoint and tokenEndpoint, or neither of them.',
  }),
  refused(
    'a login at a port that is none',
    withOidc({ authorizationEndpoint: 'https://login.example:70000/a' }),
    {
      field: 'spec.authentication.login.oidc.authorizationEndpoint',
      message: 'Use a port from 1 to 65535.',
    },
  ),
  refused(
    'a redirect URI with a port that is none',
    withOidc({ redirectURI: 'http://localhost:99999/callback' }),
    {
      field: 'spec.authentication.login.oidc.redirectURI',
      message: 'Use a port from 1 to 65535.',
    },
  ),
  valid('a redirect URI on this machine', withOidc({ redirectURI: 'http://localhost:8080/callback' })),
  refused('a provider that is not in jwt', withOidc({ provider: 'other' }), {
    field: 'spec.authentication',
    message: 'Set login.oidc.provider to the name of an entry in jwt whose audiences contain clientId',
  }),
  refused('a provider that takes tokens of other clients', withOidc({}, { audiences: ['other'] }), {
    field: 'spec.authentication',
    message: 'whose audiences contain clientId',
  }),
  refused('a provider that takes tokens for anybody', withOidc({}, { audiences: [] }), {
    field: 'spec.authentication',
    message: 'whose audiences contain clientId',
  }),
  refused('a token endpoint without TLS', withOidc({ tokenEndpoint: 'http://login.example/token' }), {
    field: field('tokenEndpoint'),
    message: 'Write an https URI',
  }),
  refused('a redirect URI without TLS', withOidc({ redirectURI: 'http://shop.example/callback' }), {
    field: field('redirectURI'),
    message: 'Write an https URI with a path and without query',
  }),
  refused('a redirect URI without a path', withOidc({ redirectURI: 'https://shop.example/' }), {
    field: field('redirectURI'),
    message: 'Write an https URI with a path',
  }),
  refused('a redirect URI with a format', withOidc({ redirectURI: 'https://shop.example/%REQ(x)%' }), {
    field: field('redirectURI'),
    message: 'Write an https URI with a path',
  }),
  refused('a logout where users come back', withOidc({ logoutPath: '/oauth2/callback' }), {
    field: 'spec.authentication.login.oidc',
    message: 'Choose a logoutPath other than the path of redirectURI',
  }),
  refused('two scopes in one', withOidc({ scopes: ['email profile'] }), {
    field: field('scopes'),
    message: 'Write one scope for each item',
  }),
  refused('a domain with a dot before it', withOidc({ cookies: { domain: '.shop.example' } }), {
    field: field('cookies.domain'),
    message: 'without a dot before it',
  }),
  refused(
    'a private key in caBundle',
    withOidc({ caBundle: '-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----' }),
    { field: field('caBundle'), message: 'Remove the private key' },
  ),
];
