// Tokens of end users in the mesh's own words: who issues them, and which requests need one.
import { durationMs } from '../../../../api/duration.ts';
import type { Authentication } from '../../../../api/v1alpha1/security/authentication.ts';
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import type { LoginIr } from '../../../ir/login.ts';
import type { AuthenticationIr, RuleIr, TokenRequirementIr } from '../../../ir/inbound.ts';
import type { JwtProviderIr, TokenPlacesIr } from '../../../ir/tokens.ts';
import { byText, compareText } from '../../../values/compare-text.ts';
import { rememberEach } from '../../../values/remember.ts';
import type { Keys, KeysOf } from './key-sources.ts';
import { boundedExceptions } from './large-expressions.ts';
import { type Place, requestsOf } from './requests.ts';
import { policyId, providerId } from './token-match.ts';

type Provider = Authentication['jwt'][number];

/** What policies say together of the requests at a place; null: nothing. Every issuer counts, and each requirement must be met. */
export function authenticationAt(
  policies: readonly SecurityPolicy[],
  place: Place,
  keysOf: KeysOf,
  login: LoginIr | null,
): AuthenticationIr | null {
  const providers = policies.flatMap((policy) => providersOf(policy, ...keysOf(policy)));
  if (providers.length === 0) return null;
  return {
    providers: providers.toSorted(byText(({ id }) => id)),
    required: policies
      .flatMap((policy) => requirementAt(policy, place) ?? [])
      .toSorted(byText(({ id }) => id)),
    login,
  };
}

/**
 * On a TCP port, where a connection has no token: nobody may connect if some request would need one, since it cannot be seen which
 * request it is. At most one rule.
 */
export function tokenDenials(policy: SecurityPolicy, place: Place): readonly RuleIr[] {
  if (place.protocol === 'HTTP' || requirementAt(policy, place) === null) return [];
  return [
    { id: `${policyId(policy)}/token-required`, callers: 'anyone', unidentified: true, requests: 'any' },
  ];
}

/** null: no request needs a token there. */
export function requirementAt(policy: SecurityPolicy, place: Place): TokenRequirementIr | null {
  const { authentication } = policy.spec;
  if (authentication === undefined) return null;
  const { jwt, mode, exceptions } = authentication;
  const { rule, matchesNothing } = boundedExceptions(authentication);
  const excepted = exceptions.length === 0 || matchesNothing ? null : requestsOf(rule, place);
  const needed = mode === 'Required' ? allBut(excepted) : only(excepted);
  if (needed === null) return null;
  const providers = jwt.map(({ name }) => providerId(name, policy)).toSorted(compareText);
  return { id: policyId(policy), providers, ...needed };
}

type Excepted = ReturnType<typeof requestsOf>;
type Needed = Pick<TokenRequirementIr, 'type' | 'requests'> | null;

function allBut(excepted: Excepted): Needed {
  if (excepted === 'any') return null;
  return { type: 'AllBut', requests: excepted ?? [] };
}

function only(excepted: Excepted): Needed {
  if (excepted === null) return null;
  return excepted === 'any' ? { type: 'AllBut', requests: [] } : { type: 'Only', requests: excepted };
}

const providersOf = rememberEach(
  (policy: SecurityPolicy, ...keys: readonly Keys[]): readonly JwtProviderIr[] =>
    (policy.spec.authentication?.jwt ?? []).map((provider, index) =>
      providerOf(provider, policy, keys[index] ?? []),
    ),
);

function providerOf(provider: Provider, policy: SecurityPolicy, keys: Keys): JwtProviderIr {
  const { name, issuer, audiences, from, forward, claimsToHeaders, clockSkew } = provider;
  return {
    id: providerId(name, policy),
    issuer,
    audiences: audiences.length === 0 ? 'any' : audiences.toSorted(compareText),
    keys,
    places: from === undefined ? bearer : placesOf(from),
    forward,
    claimsToHeaders: claimsToHeaders
      .map(({ claim, header }) => ({ claim, header: header.toLowerCase() }))
      .toSorted(byText(({ header }) => header)),
    clockSkewMs: durationMs(clockSkew),
  };
}

/** @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1 */
const bearer: TokenPlacesIr = {
  headers: [{ name: 'authorization', prefix: 'Bearer ' }],
  cookies: [],
  queryParameters: [],
};

function placesOf({ headers, cookies, queryParameters }: NonNullable<Provider['from']>): TokenPlacesIr {
  return {
    headers: headers
      .map(({ name, prefix }) => ({ name: name.toLowerCase(), prefix }))
      .toSorted(byText(({ name, prefix }) => `${name} ${prefix}`)),
    cookies: cookies.toSorted(compareText),
    queryParameters: queryParameters.toSorted(compareText),
  };
}
