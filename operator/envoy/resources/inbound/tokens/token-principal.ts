// What rules ask of a token, by what the sidecar has verified of it.
import type { ClaimMatchIr, TokenMatchIr } from '../../../../ir/tokens.ts';
import type { EnvoyMessage } from '../../../proto/envoy-message.ts';
import type { Certainty } from '../certainty.ts';
import { allIds, anyId } from '../identifiers.ts';
import { payloads } from './jwt-authn.ts';

/** Whoever has such a token. */
export function tokenPrincipal(
  { providers, subjects, claims }: TokenMatchIr,
  certainty: Certainty,
): EnvoyMessage {
  return anyId(
    providers.map((provider) => {
      const conditions = [
        hasVerified(provider),
        ...(subjects === 'any' ? [] : [claim(provider, { path: ['sub'], values: subjects }, certainty)]),
        ...claims.map((match) => claim(provider, match, certainty)),
      ];
      return allIds(conditions);
    }),
  );
}

/** Whoever has a token that one of them has verified. */
export function verifiedBy(providers: readonly string[]): EnvoyMessage {
  return anyId(providers.map(hasVerified));
}

/** Every token has an issuer, since its provider asks for it. */
function hasVerified(provider: string): EnvoyMessage {
  return inPayload(provider, ['iss'], { present_match: true });
}

function claim(provider: string, { path, values }: ClaimMatchIr, certainty: Certainty): EnvoyMessage {
  const single = values.flatMap((value) => valueMatchers(value, certainty));
  return inPayload(provider, path, {
    or_match: { value_matchers: [...single, ...single.map((one_of) => ({ list_match: { one_of } }))] },
  });
}

/**
 * As text, and as what the text is in JSON. Envoy reads numbers as doubles: integers beyond 2^53 are not told apart, so that an Allow rule
 * takes none of them for another, and a Deny rule takes all that may be meant.
 */
function valueMatchers(value: string, certainty: Certainty): readonly EnvoyMessage[] {
  const text = { string_match: { exact: value } };
  if (value === 'true' || value === 'false') return [text, { bool_match: value === 'true' }];
  const number = Number(value);
  if (!isNumber.test(value) || !Number.isFinite(number)) return [text];
  const isExact = String(number) === value && (!Number.isInteger(number) || Number.isSafeInteger(number));
  return isExact || certainty === 'possibly' ? [text, { double_match: { exact: number } }] : [text];
}

const isNumber = /^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;

function inPayload(provider: string, path: readonly string[], value: EnvoyMessage): EnvoyMessage {
  const segments = [provider, ...path].map((key) => ({ key }));
  return { sourced_metadata: { metadata_matcher: { filter: payloads, path: segments, value } } };
}
