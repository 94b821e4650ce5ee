// Headers that only sidecars write for their applications: what callers write there themselves goes. CGI, WSGI, Rack and their like make one
// variable of `a-b` and `a_b`, so that both spellings go.
import { extension, type NamedExtension } from '../typed-config.ts';

/** At most one filter. names: in lower case, of letters, digits and dashes only. */
export function withoutHeaders(filter: string, names: readonly string[]): readonly NamedExtension[] {
  const each = [...new Set(names)].toSorted();
  if (each.length === 0) return [];
  const request_mutations = each.map((name) => ({ remove_on_match: { key_matcher: anySpelling(name) } }));
  return [
    extension(filter, 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation', {
      mutations: { request_mutations },
    }),
  ];
}

function anySpelling(
  name: string,
): { readonly exact: string } | { readonly safe_regex: { readonly regex: string } } {
  return name.includes('-') ? { safe_regex: { regex: name.replaceAll('-', '[-_]') } } : { exact: name };
}
