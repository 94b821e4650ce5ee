// Where tokens are: issuers that look into the same places are asked in turn, others each by themselves.
import type { JwtProviderIr, TokenPlacesIr } from '../../../../ir/tokens.ts';

/**
 * Groups of which no two have a place in common. A token that is found must be valid by one issuer of its group; a token elsewhere
 * does not make up for it.
 */
export function sharingPlaces(providers: readonly JwtProviderIr[]): readonly (readonly JwtProviderIr[])[] {
  let groups: readonly (readonly JwtProviderIr[])[] = [];
  for (const provider of providers) {
    const own = new Set(placesOf(provider.places));
    const sharing = groups.filter((group) =>
      group.some(({ places }) => placesOf(places).some((it) => own.has(it))),
    );
    groups = [...groups.filter((group) => !sharing.includes(group)), [...sharing.flat(), provider]];
  }
  return groups;
}

/** A header by its name alone: whatever stands before the token. */
function placesOf({ headers, cookies, queryParameters }: TokenPlacesIr): readonly string[] {
  return [
    ...headers.map(({ name }) => `header ${name}`),
    ...cookies.map((name) => `cookie ${name}`),
    ...queryParameters.map((name) => `parameter ${name}`),
  ];
}
