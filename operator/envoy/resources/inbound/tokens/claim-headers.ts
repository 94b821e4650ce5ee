// Claims as headers where there are several places with tokens. Each place that Envoy looks into takes away the headers of its issuers first, also those that
// a token in another place has just written. So each place writes headers of its own, and what they say is put together afterwards.
import { setHeader } from '../../header.ts';
import { extension, type NamedExtension } from '../../typed-config.ts';
import type { Sought } from './places.ts';

const start = 'x-meshwright-claim-';

/** What a place writes for a header. */
export function claimHeader(place: number, header: string): string {
  return `${start}${place}-${header}`;
}

/** For which header that is; others as they are. */
export function headerOfClaim(name: string): string {
  return name.replace(/^x-meshwright-claim-\d+-/, '');
}

/** The name of the filter that puts them together. */
export const claimsOfPlaces = 'claims-of-places';

/** Groups of what is looked for, one for each place → the headers that several of them write. */
export function writtenTwice(places: readonly (readonly Pick<Sought, 'provider'>[])[]): ReadonlySet<string> {
  const each = places.flatMap((group) => [
    ...new Set(group.flatMap(({ provider }) => provider.claimsToHeaders.map(({ header }) => header))),
  ]);
  return new Set(each.filter((header, index) => each.indexOf(header) !== index));
}

/** At most one filter. places: how many there are; the last that has a token wins. */
export function putTogether(headers: ReadonlySet<string>, places: number): readonly NamedExtension[] {
  if (headers.size === 0) return [];
  const each = [...headers].toSorted().flatMap((header) =>
    Array.from({ length: places }, (_, place) => ({
      append: setHeader(header, `%REQ(${claimHeader(place, header)})%`),
    })),
  );
  const request_mutations = [...each, { remove_on_match: { key_matcher: { prefix: start } } }];
  return [
    extension(claimsOfPlaces, 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation', {
      mutations: { request_mutations },
    }),
  ];
}
