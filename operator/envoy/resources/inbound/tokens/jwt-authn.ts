// Tokens are verified: signature, issuer, audience and times, with keys that come with the configuration.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/jwt_authn/v3/config.proto
import type { JwtProviderIr } from '../../../../ir/tokens.ts';
import type { EnvoyMessage } from '../../../proto/envoy-message.ts';
import { extension, type NamedExtension } from '../../typed-config.ts';
import { sharingPlaces } from './places.ts';

/** Where the payloads of verified tokens are, by the id of the provider. */
export const payloads = 'envoy.filters.http.jwt_authn';

/** A token in any of the places must be valid; there may be none. */
export function jwtAuthn(providers: readonly JwtProviderIr[]): NamedExtension {
  return extension(payloads, 'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication', {
    providers: Object.fromEntries(providers.map((provider) => [provider.id, jwtProvider(provider)])),
    rules: [{ match: { prefix: '/' }, requires: allOf(sharingPlaces(providers).map(validIfPresent)) }],
  });
}

function validIfPresent(providers: readonly JwtProviderIr[]): EnvoyMessage {
  const any = providers.map(({ id }) => ({ provider_name: id }));
  return { requires_any: { requirements: [...any, { allow_missing: {} }] } };
}

function allOf(requirements: readonly EnvoyMessage[]): EnvoyMessage {
  const [first = {}, ...others] = requirements;
  return others.length === 0 ? first : { requires_all: { requirements } };
}

function jwtProvider(provider: JwtProviderIr): EnvoyMessage {
  const { id, issuer, audiences, keys, places, forward, claimsToHeaders, clockSkewMs } = provider;
  const { headers, cookies, queryParameters } = places;
  return {
    issuer,
    ...(audiences !== 'any' && { audiences }),
    // A token without an end could be used for ever, and keys of issuers live long.
    require_expiration: true,
    clock_skew_seconds: Math.ceil(clockSkewMs / 1_000),
    local_jwks: { inline_string: JSON.stringify({ keys: keys.length === 0 ? [nobodysKey] : keys }) },
    forward,
    ...(headers.length > 0 && {
      from_headers: headers.map(({ name, prefix }) => ({
        name,
        ...(prefix !== '' && { value_prefix: prefix }),
      })),
    }),
    ...(cookies.length > 0 && { from_cookies: cookies }),
    ...(queryParameters.length > 0 && { from_params: queryParameters }),
    payload_in_metadata: id,
    normalize_payload_in_metadata: { space_delimited_claims: ['scope', 'scp'] },
    ...(claimsToHeaders.length > 0 && {
      claim_to_headers: claimsToHeaders.map(({ claim, header }) => {
        return { header_name: header, claim_name: claim.join('.') };
      }),
    }),
  };
}

/**
 * In place of keys that are not known: Envoy takes no provider without one, and without the provider tokens of its issuer would pass
 * unread where none is required. It is a point of the curve P-256 of which nobody knows the logarithm: x is the SHA-256 of the text
 * `meshwright: nobody's key 0`, and y the smaller of the two that belong to it.
 */
export const nobodysKey = {
  kty: 'EC',
  crv: 'P-256',
  alg: 'ES256',
  kid: 'no-key-known',
  x: 'jHou78zuhkaffpX_kCVeRcIWHA5wfCHglmoaZbAstko',
  y: 'EV2JBt62aQFTrwlopNTmR4P1Xt6KoLr20xdMkMXVi70',
} as const;
