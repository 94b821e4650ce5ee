// Headers by which applications learn claims: what callers write there themselves goes, on every route, whether there is a token or not.
// CGI, WSGI, Rack and their like make one variable of `a-b` and `a_b`, so that both spellings go.
import type { AuthenticationIr } from '../../../../ir/inbound.ts';
import { extension, type NamedExtension } from '../../typed-config.ts';

/** At most one filter. */
export function withoutForgedClaims(authentication: AuthenticationIr | null): readonly NamedExtension[] {
  const headers = authentication?.providers.flatMap(({ claimsToHeaders }) => claimsToHeaders) ?? [];
  const names = [...new Set(headers.map(({ header }) => header))].toSorted();
  if (names.length === 0) return [];
  const request_mutations = names.map((name) => ({ remove_on_match: { key_matcher: anySpelling(name) } }));
  return [
    extension('without-forged-claims', 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation', {
      mutations: { request_mutations },
    }),
  ];
}

/** Names of headers are in lower case here, and those of claims have letters, digits and dashes only. */
function anySpelling(
  name: string,
): { readonly exact: string } | { readonly safe_regex: { readonly regex: string } } {
  return name.includes('-') ? { safe_regex: { regex: name.replaceAll('-', '[-_]') } } : { exact: name };
}
