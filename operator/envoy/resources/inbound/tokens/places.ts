// Where tokens are. Each place of an issuer is looked into by itself, together with the other issuers that look there: a token that is
// found in a place must be valid by one of these, and a token elsewhere does not make up for it.
import { quote } from '../../complement-regex.ts';
import type { EnvoyMessage } from '../../../proto/envoy-message.ts';
import type { JwtProviderIr, TokenPlacesIr } from '../../../../ir/tokens.ts';

/** An issuer in one place. */
export interface Sought {
  readonly provider: JwtProviderIr;
  readonly place: TokenPlaceIr;
}

export type TokenPlaceIr =
  | { readonly type: 'header'; readonly name: string; readonly prefix: string }
  | { readonly type: 'cookie'; readonly name: string }
  | { readonly type: 'parameter'; readonly name: string };

/** By place. A header is one by its name alone, whatever stands before the token. */
export function byPlace(providers: readonly JwtProviderIr[]): readonly (readonly Sought[])[] {
  const groups = new Map<string, Sought[]>();
  for (const provider of providers) {
    for (const place of placesOf(provider.places)) {
      const key = `${place.type} ${place.name}`;
      const group = groups.get(key) ?? [];
      group.push({ provider, place });
      groups.set(key, group);
    }
  }
  return [...groups.values()];
}

function placesOf({ headers, cookies, queryParameters }: TokenPlacesIr): readonly TokenPlaceIr[] {
  return [
    ...headers.map(({ name, prefix }) => ({ type: 'header', name, prefix }) as const),
    ...cookies.map((name) => ({ type: 'cookie', name }) as const),
    ...queryParameters.map((name) => ({ type: 'parameter', name }) as const),
  ];
}

/** Expressions for requests that have a token twice in a place: only the first is read, and applications may take the last. */
export function sentTwice(
  providers: readonly JwtProviderIr[],
): readonly { readonly header: string; readonly regex: string }[] {
  const names = (type: TokenPlaceIr['type']): readonly string[] => [
    ...new Set(
      providers.flatMap(({ places }) =>
        placesOf(places).flatMap((it) => (it.type === type ? [it.name] : [])),
      ),
    ),
  ];
  return [
    ...names('cookie').map((name) => {
      const one = String.raw`[ \t]*${quote(name)}[ \t]*=`;
      return { header: 'cookie', regex: `(?:.*;)?${one}.*;${one}.*` };
    }),
    ...names('parameter').map((name) => {
      const one = `[?&]${quote(name)}=`;
      return { header: ':path', regex: `.*${one}.*${one}.*` };
    }),
  ];
}

/** Whether a request has something in one of the places, valid or not. */
export function tokenElsewhere(providers: readonly JwtProviderIr[]): readonly EnvoyMessage[] {
  const all = byPlace(providers).flatMap(([first]) => (first === undefined ? [] : [first.place]));
  return all.map((place) => {
    if (place.type === 'header') return { header: { name: place.name, present_match: true } };
    const [name, regex] =
      place.type === 'cookie'
        ? ['cookie', `(?:.*;)?[ \\t]*${quote(place.name)}[ \\t]*=.*`]
        : [':path', `.*[?&]${quote(place.name)}=.*`];
    return { header: { name, string_match: { safe_regex: { regex } } } };
  });
}
