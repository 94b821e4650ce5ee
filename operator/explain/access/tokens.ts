// The filter that verifies tokens: which ones it needs, what it makes of those that a request has, and what it changes.
import type { EnvoyMessage } from '../../envoy/proto/envoy-message.ts';
import { headerOfClaim } from '../../envoy/resources/inbound/tokens/claim-headers.ts';
import {
  flagIn,
  isMessage,
  knowingOnly,
  messageIn,
  messagesIn,
  textIn,
  textsIn,
  UnreadableError,
} from '../fields.ts';
import type { TokenIssuer } from './access.ts';
import { type Arriving, withHeader, withoutHeader } from './arriving.ts';
import { type Claims, isClaims, readJwt } from './jwt.ts';
import { judged, type Judging, type TokenStatus } from './token.ts';
import { type Place, placesOf, placeText, tokenAt, withTokenAt } from './token-places.ts';

const providerFields = [
  'issuer',
  'audiences',
  'require_expiration',
  'clock_skew_seconds',
  'local_jwks',
  'forward',
  'from_headers',
  'from_cookies',
  'from_params',
  'payload_in_metadata',
  'normalize_payload_in_metadata',
  'claim_to_headers',
] as const;

/** By the names that requirements use. */
export function providersIn(filter: EnvoyMessage): ReadonlyMap<string, EnvoyMessage> {
  knowingOnly(filter, ['@type', 'providers', 'rules']);
  return new Map(
    Object.entries(messageIn(filter, 'providers') ?? {}).map(([name, provider]) => {
      if (!isMessage(provider)) throw new UnreadableError(`nothing says who ${name} is`);
      return [name, knowingOnly(provider, providerFields)];
    }),
  );
}

/** Each once, with all the places where it is looked for. */
export function issuersIn(filter: EnvoyMessage): readonly TokenIssuer[] {
  const issuers = new Map<string, TokenIssuer>();
  for (const [name, provider] of providersIn(filter)) {
    const id = idOf(name);
    const places = [...(issuers.get(id)?.places ?? []), ...placesOf(provider).map(placeText)];
    issuers.set(id, {
      id,
      issuer: textIn(provider, 'issuer') ?? '',
      audiences: textsIn(provider, 'audiences'),
      places: [...new Set(places)],
    });
  }
  return [...issuers.values()];
}

/** Without the number of the place: see operator/envoy/resources/inbound/tokens/jwt-authn.ts. */
function idOf(name: string): string {
  return name.replace(/#\d+\+?$/, '');
}

/** The token stands where one of its issuer is looked for first; where none is of it, one of any. */
export function withGivenToken(filter: EnvoyMessage, arriving: Arriving, { token }: Judging): Arriving {
  const providers = [...providersIn(filter).values()];
  const issuer = token === null ? undefined : readJwt(token.text)?.claims['iss'];
  const provider = providers.find((one) => textIn(one, 'issuer') === issuer) ?? providers[0];
  const [place] = provider === undefined ? [] : placesOf(provider);
  if (token === null || place === undefined) return arriving;
  return { ...arriving, request: withTokenAt(place, arriving.request, token.text) };
}

export interface Verified {
  readonly request: Arriving;
  readonly status: TokenStatus;
}

/** @returns Missing: there is no token, and none is asked for here */
export function verifiedTokens(filter: EnvoyMessage, request: Arriving, judging: Judging): Verified {
  const [rule, ...more] = messagesIn(filter, 'rules');
  if (rule === undefined || more.length > 0)
    throw new UnreadableError('explain knows one rule for tokens only');
  knowingOnly(rule, ['match', 'requires']);
  const judge = new Judge(providersIn(filter), request, judging);
  const status = judge.requirement(messageIn(rule, 'requires') ?? {});
  return { request: judge.request, status };
}

class Judge {
  /** As it is by now. */
  request: Arriving;
  readonly #providers: ReadonlyMap<string, EnvoyMessage>;
  /** As it came: all look for their tokens before one is removed. */
  readonly #came: Arriving;
  readonly #judging: Judging;

  constructor(providers: ReadonlyMap<string, EnvoyMessage>, request: Arriving, judging: Judging) {
    this.#providers = providers;
    this.#came = request;
    this.request = request;
    this.#judging = judging;
  }

  requirement(requirement: EnvoyMessage): TokenStatus {
    const name = textIn(requirement, 'provider_name');
    if (name !== null) return this.#byProvider(name);
    const oneOf = messageIn(requirement, 'requires_any');
    if (oneOf !== null) return this.#oneOf(messagesIn(oneOf, 'requirements'));
    const each = messageIn(requirement, 'requires_all');
    if (each === null) throw new UnreadableError('explain does not know what is required of tokens');
    return this.#each(messagesIn(each, 'requirements'));
  }

  #each(requirements: readonly EnvoyMessage[]): TokenStatus {
    let found: TokenStatus = { type: 'Missing' };
    for (const one of requirements) {
      const status = this.requirement(one);
      if (status.type !== 'Valid' && status.type !== 'Missing') return status;
      if (status.type === 'Valid') found = status;
    }
    return found;
  }

  /** Whatever is missing may be so: all that operators write says so. */
  #oneOf(requirements: readonly EnvoyMessage[]): TokenStatus {
    const mayBeMissing = requirements.some((one) => messageIn(one, 'allow_missing') !== null);
    const mayFail = requirements.some((one) => messageIn(one, 'allow_missing_or_failed') !== null);
    if (!mayBeMissing && !mayFail)
      throw new UnreadableError('explain does not know a requirement that no token may be missing');
    let found: TokenStatus = { type: 'Missing' };
    for (const one of requirements) {
      if (textIn(one, 'provider_name') === null) continue;
      const status = this.requirement(one);
      if (status.type === 'Valid') return status;
      if (weight[status.type] >= weight[found.type]) found = status;
    }
    return mayFail ? { type: 'Missing' } : found;
  }

  #byProvider(name: string): TokenStatus {
    const provider = this.#providers.get(name);
    if (provider === undefined) throw new UnreadableError(`there is no issuer ${name}`);
    for (const place of placesOf(provider)) {
      const token = tokenAt(place, this.#came.request);
      if (token === null) continue;
      const status = judged(token, provider, this.#judging);
      if (status.type === 'Valid') this.#accept(provider, place, status.claims);
      return status;
    }
    return { type: 'Missing' };
  }

  #accept(provider: EnvoyMessage, place: Place, claims: Claims): void {
    const id = textIn(provider, 'payload_in_metadata');
    if (id !== null) {
      const normal = messageIn(provider, 'normalize_payload_in_metadata') ?? {};
      const words = textsIn(knowingOnly(normal, ['space_delimited_claims']), 'space_delimited_claims');
      const payloads = new Map([...this.request.payloads, [id, withLists(claims, words)]]);
      this.request = { ...this.request, payloads };
    }
    for (const header of messagesIn(provider, 'claim_to_headers'))
      this.request = withClaim(this.request, header, claims);
    if (!flagIn(provider, 'forward') && place.type === 'header')
      this.request = withoutHeader(this.request, place.name);
  }
}

/** What says more about why a token is refused. */
const weight = { Missing: 0, OtherIssuer: 1, OtherAudience: 2, Invalid: 2, Valid: 3 } as const;

function withLists(claims: Claims, names: readonly string[]): Claims {
  const lists = names.flatMap((name) => {
    const value = claims[name];
    return typeof value === 'string' ? [[name, value.split(' ').filter((word) => word !== '')] as const] : [];
  });
  return { ...claims, ...Object.fromEntries(lists) };
}

function withClaim(request: Arriving, option: EnvoyMessage, claims: Claims): Arriving {
  knowingOnly(option, ['header_name', 'claim_name']);
  const name = headerOfClaim((textIn(option, 'header_name') ?? '').toLowerCase());
  const value = (textIn(option, 'claim_name') ?? '')
    .split('.')
    .reduce<unknown>((found, key) => (isClaims(found) ? found[key] : undefined), claims);
  if (value === undefined || value === null) return request;
  if (typeof value === 'string') return withHeader(request, name, value);
  if (typeof value === 'number' || typeof value === 'boolean')
    return withHeader(request, name, String(value));
  // Encoded in a way that no rule asks for.
  const rest = withoutHeader(request, name);
  return { ...rest, unknown: new Set([...rest.unknown, name]) };
}
