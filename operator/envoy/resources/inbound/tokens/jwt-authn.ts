// Tokens are verified: signature, issuer, audience and times, with keys that come with the configuration.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/jwt_authn/v3/config.proto
import type { AuthenticationIr } from '../../../../ir/inbound.ts';
import type { JwtProviderIr } from '../../../../ir/tokens.ts';
import type { EnvoyMessage } from '../../../proto/envoy-message.ts';
import { extension, type NamedExtension } from '../../typed-config.ts';
import { idTokenHeader, sessionProviders } from '../login/filters.ts';
import { claimHeader, putTogether, writtenTwice } from './claim-headers.ts';
import { byPlace, type Sought } from './places.ts';

/** Where the payloads of verified tokens are, by the id of the provider. */
export const payloads = 'envoy.filters.http.jwt_authn';

/**
 * A token in any of the places must be valid; there may be none. Envoy asks the issuers of a place in turn until one finds its token
 * valid. Where policies name the same issuer, each reads the token first, since rules ask what their own issuer has verified.
 */
export function jwtAuthn({
  providers,
  login,
}: Pick<AuthenticationIr, 'providers' | 'login'>): readonly NamedExtension[] {
  const sought = [...byPlace(providers), ...(login === null ? [] : [inSessions(providers, login)])];
  const scattered = writtenTwice(sought);
  const places = sought.map((group, place) => lookedInto(group, place, scattered));
  const filter = extension(payloads, 'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication', {
    providers: Object.fromEntries(places.flatMap((place) => place.providers)),
    rules: [{ match: { prefix: '/' }, requires: allOf(places.flatMap(({ requires }) => requires)) }],
  });
  return [filter, ...putTogether(scattered, places.length)];
}

/** The application does not get it from there. */
function inSessions(
  providers: readonly JwtProviderIr[],
  login: NonNullable<AuthenticationIr['login']>,
): readonly Sought[] {
  const place = { type: 'header', name: idTokenHeader, prefix: '' } as const;
  return sessionProviders(providers, login).map((provider) => {
    return { provider: { ...provider, forward: false }, place };
  });
}

interface LookedInto {
  /** By their names in Envoy. */
  readonly providers: readonly (readonly [name: string, EnvoyMessage])[];
  readonly requires: readonly EnvoyMessage[];
}

function lookedInto(group: readonly Sought[], place: number, scattered: ReadonlySet<string>): LookedInto {
  const tells = (provider: JwtProviderIr): EnvoyMessage =>
    whatComesOf(provider, (header) => (scattered.has(header) ? claimHeader(place, header) : header));
  const nameOf = ({ provider }: Sought): string => `${provider.id}#${place}`;
  const readerOf = (sought: Sought): string => `${nameOf(sought)}+`;
  const issuers = group.map(({ provider }) => provider.issuer);
  const isShared = new Set(issuers).size < issuers.length;
  const valid = anyOf([...group.map((it) => byProvider(nameOf(it))), { allow_missing: {} }]);
  if (!isShared)
    return {
      providers: group.map((it) => [nameOf(it), jwtProvider(it, tells(it.provider))]),
      requires: [valid],
    };
  return {
    providers: group.flatMap((it): LookedInto['providers'] => [
      // The token stays for the next that reads it.
      [readerOf(it), { ...jwtProvider(it, tells(it.provider)), forward: true }],
      [nameOf(it), jwtProvider(it, {})],
    ]),
    requires: [
      ...group.map((it) => anyOf([byProvider(readerOf(it)), { allow_missing_or_failed: {} }])),
      valid,
    ],
  };
}

function byProvider(provider_name: string): EnvoyMessage {
  return { provider_name };
}

function anyOf(requirements: readonly EnvoyMessage[]): EnvoyMessage {
  return { requires_any: { requirements } };
}

function allOf(requirements: readonly EnvoyMessage[]): EnvoyMessage {
  const [first = {}, ...others] = requirements;
  return others.length === 0 ? first : { requires_all: { requirements } };
}

/** What comes of a valid token. */
function whatComesOf(
  { id, claimsToHeaders }: JwtProviderIr,
  nameOf: (header: string) => string,
): EnvoyMessage {
  return {
    payload_in_metadata: id,
    normalize_payload_in_metadata: { space_delimited_claims: ['scope', 'scp'] },
    ...(claimsToHeaders.length > 0 && {
      claim_to_headers: claimsToHeaders.map(({ claim, header }) => {
        return { header_name: nameOf(header), claim_name: claim.join('.') };
      }),
    }),
  };
}

function jwtProvider({ provider, place }: Sought, more: EnvoyMessage): EnvoyMessage {
  const { issuer, audiences, keys, forward, clockSkewMs } = provider;
  return {
    issuer,
    ...(audiences !== 'any' && { audiences }),
    // A token without an end could be used for ever, and keys of issuers live long.
    require_expiration: true,
    clock_skew_seconds: Math.ceil(clockSkewMs / 1_000),
    local_jwks: { inline_string: JSON.stringify({ keys: keys.length === 0 ? [nobodysKey] : keys }) },
    forward,
    ...from(place),
    ...more,
  };
}

function from(place: Sought['place']): EnvoyMessage {
  switch (place.type) {
    case 'header': {
      const { name, prefix } = place;
      return { from_headers: [{ name, ...(prefix !== '' && { value_prefix: prefix }) }] };
    }
    case 'cookie':
      return { from_cookies: [place.name] };
    case 'parameter':
      return { from_params: [place.name] };
  }
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
