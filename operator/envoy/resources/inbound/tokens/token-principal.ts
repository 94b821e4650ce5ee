// What rules ask of a token, by what the sidecar has verified of it.
import type { ClaimMatchIr, TokenMatchIr } from '../../../../ir/tokens.ts';
import type { EnvoyMessage } from '../../../proto/envoy-message.ts';
import { allIds, anyId } from '../identifiers.ts';
import { payloads } from './jwt-authn.ts';

/** Whoever has such a token. */
export function tokenPrincipal({ providers, subjects, claims }: TokenMatchIr): EnvoyMessage {
  return anyId(
    providers.map((provider) => {
      const conditions = [
        hasVerified(provider),
        ...(subjects === 'any' ? [] : [claim(provider, { path: ['sub'], values: subjects })]),
        ...claims.map((match) => claim(provider, match)),
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

function claim(provider: string, { path, values }: ClaimMatchIr): EnvoyMessage {
  const single = values.flatMap(valueMatchers);
  return inPayload(provider, path, {
    or_match: { value_matchers: [...single, ...single.map((one_of) => ({ list_match: { one_of } }))] },
  });
}

/** As text, and as what the text is in JSON. */
function valueMatchers(value: string): readonly EnvoyMessage[] {
  const text = { string_match: { exact: value } };
  if (value === 'true' || value === 'false') return [text, { bool_match: value === 'true' }];
  // As JSON writes it: other spellings are texts.
  return String(Number(value)) === value && Number.isFinite(Number(value))
    ? [text, { double_match: { exact: Number(value) } }]
    : [text];
}

function inPayload(provider: string, path: readonly string[], value: EnvoyMessage): EnvoyMessage {
  const segments = [provider, ...path].map((key) => ({ key }));
  return { sourced_metadata: { metadata_matcher: { filter: payloads, path: segments, value } } };
}
