// Login with a browser: users who have no token yet get one from an OpenID provider, and come back with a session.
import { z } from 'zod';
import { type CelRule, listSet, type Shape, shaped, withRules } from '../../schema.ts';
import { url } from '../../url.ts';
import { caBundleRules, httpsUri } from './jwks.ts';

/** Without query: the provider adds its own. */
const redirectUri: Shape = {
  pattern:
    /^(https:\/\/[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|http:\/\/(localhost|127\.0\.0\.1))(:[1-9][0-9]{0,4})?\/[-A-Za-z0-9._~/]*[-A-Za-z0-9._~]$/,
  message:
    'Write an https URI with a path and without query, such as https://shop.example/oauth2/callback; http only for localhost and 127.0.0.1.',
  max: 512,
};

const path: Shape = {
  pattern: /^\/[-A-Za-z0-9._~/]*[-A-Za-z0-9._~]$/,
  message: 'Write a path without query, such as /oauth2/logout.',
  max: 256,
};

const clientId: Shape = {
  pattern: /^[!-~]+$/,
  message: 'Write the client ID as the provider names it, in printable ASCII characters without spaces.',
  max: 256,
};

/** @see https://www.rfc-editor.org/rfc/rfc6749#section-3.3 */
const scope: Shape = {
  pattern: /^[!#-[\]-~]+$/,
  message: 'Write one scope for each item, without spaces and quotes, such as email.',
  max: 128,
};

/** @see https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/ */
const secretKey: Shape = {
  pattern: /^[-._a-zA-Z0-9]+$/,
  message: "Write a key of a Secret in letters, digits, '-', '_' and '.'.",
  max: 253,
};

const domain: Shape = {
  pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/,
  message: 'Write a domain in lower case such as shop.example, without a dot before it.',
  max: 253,
};

const paths: CelRule = {
  rule: '!self.redirectURI.endsWith(self.logoutPath)',
  message: 'Choose a logoutPath other than the path of redirectURI.',
};

const Oidc = withRules(
  z.object({
    provider: z
      .string()
      .min(1)
      .max(63)
      .describe(
        'Name of the entry in authentication.jwt that verifies the ID tokens of this provider. Its audiences must contain clientId.',
      ),
    clientId: shaped(clientId).describe('ID of this client at the provider.'),
    clientSecretKey: shaped(secretKey)
      .default('client-secret')
      .describe(
        'Key of the Secret meshwright-login in the namespace of this policy, with the secret of the client, of at least 16 characters. The operator reads no other Secret for this. Default: client-secret.',
      ),
    clientAuthentication: z
      .enum(['Basic', 'Post'])
      .default('Basic')
      .describe(
        'How the sidecar shows the secret of the client at tokenEndpoint. Basic (default): in the header Authorization (client_secret_basic). Post: in the body (client_secret_post).',
      ),
    authorizationEndpoint: url(httpsUri)
      .optional()
      .describe(
        'Where browsers are sent to log in. Default: what the discovery document of the issuer of provider names; then jwks of that provider must have neither uri nor inline.',
      ),
    tokenEndpoint: url(httpsUri)
      .optional()
      .describe(
        'Where the sidecar exchanges the code of a login for tokens. The sidecars of the targets must be able to reach it. Default: what the discovery document of the issuer of provider names. Set both endpoints or neither.',
      ),
    endSessionEndpoint: url(httpsUri)
      .optional()
      .describe(
        'Where browsers are sent after logoutPath, to log out at the provider, too. Default: only the session here ends.',
      ),
    caBundle: withRules(z.string().min(1).max(16_384), ...caBundleRules)
      .optional()
      .describe(
        'CA certificates in PEM that the server at tokenEndpoint must have its certificate from. Default: the public CAs that Mozilla trusts. At most 16384 characters.',
      ),
    scopes: listSet(z.array(shaped(scope).describe('A scope.')).max(16))
      .default([])
      .describe('Scopes that are asked for in addition to openid. At most 16.'),
    redirectURI: url(redirectUri).describe(
      'Where the provider sends browsers back to, as it is registered there. Scheme, host and port are those at which users see the targets; requests with its path do not reach the application. Users must enter at this host.',
    ),
    logoutPath: shaped(path)
      .default('/oauth2/logout')
      .describe(
        'A request to this path ends the session. It does not reach the application. Default: /oauth2/logout.',
      ),
    cookies: z
      .object({
        domain: shaped(domain)
          .optional()
          .describe(
            'Domain whose hosts share the session. Default: only the host of redirectURI, with cookies that no other host can write.',
          ),
        sameSite: z
          .enum(['Lax', 'Strict', 'None'])
          .default('Lax')
          .describe(
            'Attribute SameSite of the cookies of the session. Lax (default): also sent when users follow links from other sites. Strict: only within the site. None: also in frames of other sites. Cookies of a login that is under way are always Lax, or None.',
          ),
      })
      .default({ sameSite: 'Lax' })
      .describe('Cookies of the session.'),
    refresh: z
      .boolean()
      .default(false)
      .describe(
        'Whether the sidecar asks the provider for new tokens with a refresh token when a session ends. Default: false, users are sent to the provider, which lets them in without a question as long as they are logged in there.',
      ),
  }),
  paths,
  {
    rule: 'has(self.authorizationEndpoint) == has(self.tokenEndpoint)',
    message: 'Set authorizationEndpoint and tokenEndpoint, or neither of them.',
  },
);

export const Login = z.object({
  oidc: Oidc.describe('By OpenID Connect: authorization code flow with PKCE.'),
});
export type Oidc = z.infer<typeof Oidc>;
