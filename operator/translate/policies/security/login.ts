// Login with a browser in the mesh's own words: the client at the provider, its secret, and what signs sessions.
import { hkdfSync } from 'node:crypto';
import type { Oidc } from '../../../../api/v1alpha1/security/login.ts';
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { reason } from '../../../conditions/conditions.ts';
import type { LoginIr } from '../../../ir/login.ts';
import type { LoginEndpointsIr } from '../../../ir/login-endpoints.ts';
import { discoveryUri } from '../../../jwks/discovery.ts';
import type { Secret } from '../../../objects/objects.ts';
import { hashOf } from '../../../values/fingerprint.ts';
import { loginSecretName } from '../../../values/own-names.ts';
import { Redacted } from '../../../values/redacted.ts';
import { rememberEach } from '../../../values/remember.ts';
import { isCaBundle } from '../../facts/ca-bundle.ts';
import type { Problem } from '../../facts/verdicts.ts';
import type { EndpointsOf } from './key-sources.ts';
import { policyId, providerId } from './token-match.ts';

/** A login, or why there is none: then browsers are refused like everybody who has no token. */
export type LoginState =
  { readonly login: LoginIr; readonly problem: null } | { readonly login: null; readonly problem: Problem };

/** Of policies that have one. The same states for as long as policy and Secret are the same. */
export type Logins = ReadonlyMap<SecurityPolicy, LoginState>;

export function loginsOf(
  policies: readonly SecurityPolicy[],
  secrets: readonly Secret[],
  endpointsOf: EndpointsOf,
): Logins {
  const asking = policies.filter(({ spec }) => spec.authentication?.login !== undefined);
  return new Map(
    asking.map((policy) => {
      const secret = secrets.find(({ metadata }) => {
        return metadata.name === loginSecretName && metadata.namespace === policy.metadata.namespace;
      });
      return [policy, stateOf(policy, secret, ...endpointsIn(policy, endpointsOf))];
    }),
  );
}

/** policies: of one port, in the order of precedence. The first that has a login decides: with several, nobody could know where to log in. */
export function loginAt(policies: readonly SecurityPolicy[], logins: Logins): LoginIr | null {
  const first = policies.find((policy) => logins.has(policy));
  return (first && logins.get(first)?.login) ?? null;
}

/** Below, a secret could be found by trying: everybody who logs in has something that it signs. */
const minSecretCharacters = 16;
/** The key of what signs sessions. Without it, that follows from the secret of the client. */
const sessionsKey = 'sessions';

const stateOf = rememberEach(
  (policy: SecurityPolicy, secret: Secret | undefined, ...endpoints: Endpoints): LoginState => {
    const oidc = policy.spec.authentication?.login?.oidc;
    if (oidc === undefined) throw new Error('there is no login');
    const key = oidc.clientSecretKey;
    const where = `Secret ${policy.metadata.namespace ?? ''}/${loginSecretName}`;
    if (secret === undefined) {
      return none(
        reason.secretNotFound,
        `${where} does not exist, or the operator may not read it. Create it with the key ${key}.`,
      );
    }
    const clientSecret = valueOf(secret, key);
    if (clientSecret === '') return none(reason.secretNotFound, `${where} has no key ${key}. Add it.`);
    const sessions = valueOf(secret, sessionsKey);
    const short = shortKey(secret, key);
    if (short !== undefined) {
      return none(
        reason.invalidSecret,
        `The key ${short} of ${where} has fewer than ${minSecretCharacters} characters. Use a longer one.`,
      );
    }
    if (oidc.caBundle !== undefined && !isCaBundle(oidc.caBundle)) {
      return none(
        reason.unsupportedValue,
        'caBundle of login.oidc is not a list of certificates in PEM. Fix it.',
      );
    }
    const [authorizationEndpoint, tokenEndpoint] = endpoints;
    if (tokenEndpoint === undefined) return none(reason.endpointsUnknown, authorizationEndpoint);
    const sessionKey = sessionKeyOf(sessions || clientSecret, policyId(policy));
    return {
      login: loginOf(policy, oidc, { clientSecret, sessionKey, authorizationEndpoint, tokenEndpoint }),
      problem: null,
    };
  },
);

/** Texts, so that what is stored anew makes no new login. One: why there are none. */
type Endpoints = readonly [authorization: string, token: string] | readonly [problem: string];

function endpointsIn({ spec }: SecurityPolicy, endpointsOf: EndpointsOf): Endpoints {
  const { jwt = [], login } = spec.authentication ?? {};
  const { provider: name, authorizationEndpoint, tokenEndpoint } = login?.oidc ?? {};
  if (authorizationEndpoint !== undefined && tokenEndpoint !== undefined)
    return [authorizationEndpoint, tokenEndpoint];
  const provider = jwt.find((it) => it.name === name);
  const found = provider && endpointsOf(provider);
  if (found) return [found.authorizationEndpoint, found.tokenEndpoint];
  const document = `the discovery document ${discoveryUri(provider?.issuer ?? '')}`;
  const instead = 'set authorizationEndpoint and tokenEndpoint.';
  return found === null
    ? [
        `The endpoints are not known, because ${document} does not name both as https URIs. Ask the issuer, or ${instead}`,
      ]
    : [
        `The endpoints are not known: the operator has not fetched ${document} and the keys of the issuer yet. See the condition KeysFetched, or ${instead}`,
      ];
}

function shortKey(secret: Secret, clientKey: string): string | undefined {
  const isShort = (key: string): boolean => valueOf(secret, key).length < minSecretCharacters;
  const hasSessions = valueOf(secret, sessionsKey) !== '';
  return [clientKey, ...(hasSessions ? [sessionsKey] : [])].find(isShort);
}

/** Without the line end that editors and echo leave. */
function valueOf({ data }: Secret, key: string): string {
  return data[key]?.reveal().trim() ?? '';
}

function none(why: Problem['reason'], message: string): LoginState {
  return { login: null, problem: { reason: why, message } };
}

interface Found extends LoginEndpointsIr {
  readonly clientSecret: string;
  readonly sessionKey: string;
}

function loginOf(
  policy: SecurityPolicy,
  oidc: Oidc,
  { clientSecret, sessionKey, authorizationEndpoint, tokenEndpoint }: Found,
): LoginIr {
  const id = policyId(policy);
  const { cookies, scopes } = oidc;
  const safe = cookies.domain === undefined ? '__Host-' : '__Secure-';
  return {
    id,
    provider: providerId(oidc.provider, policy),
    clientId: oidc.clientId,
    clientSecret: new Redacted(clientSecret),
    sessionKey: new Redacted(sessionKey),
    clientAuthentication: oidc.clientAuthentication,
    authorizationEndpoint,
    tokenEndpoint: { uri: tokenEndpoint, caBundle: oidc.caBundle ?? null },
    endSessionEndpoint: oidc.endSessionEndpoint ?? null,
    scopes: [...new Set(['openid', ...scopes])],
    redirectUri: oidc.redirectURI,
    logoutPath: oidc.logoutPath,
    cookies: {
      prefix: `${safe}mw-${hashOf(id).slice(0, 8)}-`,
      domain: cookies.domain ?? null,
      sameSite: cookies.sameSite,
    },
    refresh: oidc.refresh,
  };
}

/** Follows from what all replicas read: no key of ours has to be made, kept and shared. Each policy has another. */
function sessionKeyOf(secret: string, id: string): string {
  return Buffer.from(hkdfSync('sha256', secret, '', `meshwright login ${id}`, 32)).toString('base64url');
}
