// Who calls, in headers that policies name: from the certificate of the connection, whatever the caller sends.
import { setHeader } from '../header.ts';
import { extension, type NamedExtension } from '../typed-config.ts';

/** names: in lower case. */
export function callerHeaders(names: readonly string[]): readonly NamedExtension[] {
  if (names.length === 0) return [];
  // All are removed before one is written: many frameworks make one variable of `a-b` and `a_b`, and each may be named.
  const request_mutations = [
    ...names.map((name) => ({
      remove_on_match: { key_matcher: { safe_regex: { regex: name.replaceAll(/[-_]/g, '[-_]') } } },
    })),
    // Without a certificate there is nothing to write, and no header.
    ...names.map((name) => ({ append: setHeader(name, '%DOWNSTREAM_PEER_URI_SAN%') })),
  ];
  return [
    extension(
      'envoy.filters.http.header_mutation',
      'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
      { mutations: { request_mutations } },
    ),
  ];
}
