// Who the end user of a request is: tokens, who issues them, and which requests need one.
import { z } from 'zod';
import { Duration } from '../../duration.ts';
import { headerName, notReserved } from '../../headers.ts';
import { type CelRule, dnsLabel, listMap, listSet, type Shape, shaped, withRules } from '../../schema.ts';
import { discoverable, Jwks } from './jwks.ts';
import { Login } from './login.ts';
import { Request } from './request.ts';

/** @see https://www.rfc-editor.org/rfc/rfc7519#section-2 StringOrURI */
const issuerOrAudience: Shape = {
  pattern: /^[!-~]+$/,
  message: 'Write the value as it is in tokens, in printable ASCII characters without spaces.',
  max: 256,
};

/** One that no proxy and no application gives a meaning of its own. */
const freeHeader: readonly CelRule[] = [
  notReserved,
  {
    rule: "!self.lowerAscii().startsWith('x-envoy-') && !self.lowerAscii().startsWith('x-forwarded-')",
    message: 'Choose another name: headers that begin with x-envoy- or x-forwarded- belong to proxies.',
  },
];

const tokenHeader = withRules(shaped(headerName), ...freeHeader);

/** Applications may read a dash as an underscore: names that can be spelled in few ways. */
const claimHeader = withRules(
  shaped({
    pattern: /^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+){0,5}$/,
    message: "Write the name of a header in letters, digits and at most 5 '-', such as x-user-email.",
    max: 64,
  }),
  ...freeHeader,
  {
    rule: "!(self.lowerAscii() in ['host', 'authorization', 'cookie', 'connection', 'content-length', 'content-type', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'])",
    message: 'Choose another name, such as x-user: this header has a meaning of its own in HTTP.',
  },
);

const TokenHeader = z
  .object({
    name: tokenHeader.describe('Name of the header, case-insensitive.'),
    prefix: z
      .string()
      .max(32)
      .default('')
      .describe(
        "What the value has before the token, case-sensitive, with the space: 'Bearer '. Default: nothing. At most 32 characters.",
      ),
  })
  .describe('A header with a token.');

const cookieName = shaped({
  pattern: /^[A-Za-z0-9!#$%&*+.^_`|~-]+$/,
  message: 'Write the name of a cookie, such as session.',
  max: 128,
});

const parameterName = shaped({
  pattern: /^[A-Za-z0-9_.~-]+$/,
  message:
    "Write the name of a query parameter in letters, digits, '-', '_', '.' and '~', such as access_token.",
  max: 128,
});

const Places = withRules(
  z.object({
    headers: listMap(z.array(TokenHeader).max(4), 'name')
      .default([])
      .describe('Headers with a token. At most 4.'),
    cookies: listSet(z.array(cookieName.describe('Name of a cookie, case-sensitive.')).max(4))
      .default([])
      .describe('Cookies whose value is a token. The application gets them, too. At most 4.'),
    queryParameters: listSet(
      z.array(parameterName.describe('Name of a query parameter, case-sensitive.')).max(4),
    )
      .default([])
      .describe(
        'Query parameters whose value is a token. URLs are written to logs: prefer headers. At most 4.',
      ),
  }),
  {
    rule: 'self.headers.size() + self.cookies.size() + self.queryParameters.size() > 0',
    message: 'Name a header, a cookie or a query parameter, or remove from.',
  },
);

const ClaimToHeader = z
  .object({
    claim: z
      .array(
        shaped({
          pattern: /^[!-\-/-~]([ -\-/-~]*[!-\-/-~])?$/,
          message:
            'Write the name of a claim without dots: claims with dots in their names cannot be headers.',
          max: 128,
        }).describe('Name of a claim, or of a field of the object before it.'),
      )
      .min(1)
      .max(4)
      .describe(
        'Where the claim is: its name, and for a claim in objects all names from the outside to the inside. 1 to 4.',
      ),
    header: claimHeader.describe(
      'Name of the header that the application gets. Callers cannot send it: it is removed from all requests, also with _ for -.',
    ),
  })
  .describe(
    'A claim that the application gets as a header: text, numbers, true and false as they are, lists and objects as JSON in base64.',
  );

const JwtProvider = withRules(
  z.object({
    name: shaped(dnsLabel).describe('Name of the entry, which rules refer to. Unique in the policy.'),
    issuer: shaped(issuerOrAudience).describe(
      'Claim iss of the tokens, compared as it is. Tokens of other issuers are refused with 401.',
    ),
    audiences: listSet(z.array(shaped(issuerOrAudience).describe('An audience.')).max(8))
      .default([])
      .describe(
        'Values of the claim aud, any of which the token must have; else it is refused with 403. Default: tokens for any audience, also for other applications of the same issuer. At most 8.',
      ),
    jwks: Jwks.default({}).describe(
      'Public keys of the issuer: inline, or from uri. Default: the operator fetches the discovery document of the issuer (OpenID Connect: issuer with /.well-known/openid-configuration, which must name the same issuer) and the keys at its jwks_uri. At least one key must be RSA, EC or Ed25519 and for signatures.',
    ),
    from: Places.optional().describe(
      "Where requests have the token. If there are several tokens, all must be valid. Default: the header Authorization after 'Bearer '.",
    ),
    forward: z
      .boolean()
      .default(false)
      .describe(
        'Whether the application gets the token, too. Default: false, the header or query parameter with it is removed. Cookies are always forwarded.',
      ),
    claimsToHeaders: listMap(z.array(ClaimToHeader).max(8), 'header')
      .default([])
      .describe('Claims that the application gets as headers. At most 8.'),
    clockSkew: withRules(Duration, {
      rule: "duration(self) >= duration('1s') && duration(self) <= duration('5m')",
      message: 'Set clockSkew between 1s and 5m.',
    })
      .default('60s')
      .describe(
        'How much the clocks of issuer and sidecar may differ: tokens are valid for so much longer after exp and before nbf. 1s to 5m, rounded up to whole seconds. Default: 60s.',
      ),
  }),
  {
    rule: `has(self.jwks.inline) || has(self.jwks.uri) || self.issuer.matches('${discoverable}')`,
    message:
      'Set jwks.uri or jwks.inline: only an issuer that is an https URI without query has a discovery document that names its keys.',
  },
).describe('An issuer of tokens. Tokens need the claims iss and exp, and a signature of the issuer.');

export const Authentication = withRules(
  z.object({
    jwt: listMap(z.array(JwtProvider).min(1).max(8), 'name').describe(
      'Issuers whose tokens (JSON Web Tokens) are accepted. A request with a token that none of them verifies is refused with 401. 1 to 8.',
    ),
    mode: z
      .enum(['Required', 'Optional'])
      .default('Required')
      .describe(
        'Required (default): requests need a token of one of the issuers in jwt; others are refused with 401. Optional: requests without a token are accepted, and those with an invalid one are refused. If several policies apply to a workload, a request needs what each of them requires.',
      ),
    exceptions: z
      .array(Request)
      .max(8)
      .default([])
      .describe(
        'Requests for which the opposite of mode holds. With Required: requests that need no token, like those that an Allow rule matches. With Optional: requests that need one, like those that a Deny rule matches. At most 8.',
      ),
    login: Login.optional().describe(
      'Login with a browser: page loads that need a token and have none are sent to an OpenID provider, and come back with a session, whose ID token is verified like any other. Default: they are refused with 401, like all other requests that need a token.',
    ),
  }),
  {
    rule: '!has(self.login) || self.jwt.exists(p, p.name == self.login.oidc.provider && self.login.oidc.clientId in p.audiences)',
    message:
      'Set login.oidc.provider to the name of an entry in jwt whose audiences contain clientId: ID tokens are issued for the client, and rules see only tokens that are verified there.',
  },
  {
    rule: '!has(self.login) || has(self.login.oidc.tokenEndpoint) || self.jwt.exists(p, p.name == self.login.oidc.provider && !has(p.jwks.inline) && !has(p.jwks.uri))',
    message:
      'Set login.oidc.authorizationEndpoint and tokenEndpoint, or remove jwks.uri and jwks.inline of the provider: the endpoints come from the discovery document of the issuer if its keys do, too.',
  },
);
export type Authentication = z.infer<typeof Authentication>;
