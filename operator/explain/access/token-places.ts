// Where requests have tokens, as Envoy looks for them.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/jwt_authn/v3/config.proto
import type { EnvoyMessage } from '../../envoy/proto/envoy-message.ts';
import { idTokenHeader } from '../../envoy/resources/inbound/login/filters.ts';
import { type CallRequest, headerOf, queryParameterOf } from '../call.ts';
import { knowingOnly, messagesIn, textIn, textsIn } from '../fields.ts';

export type Place =
  /** prefix: what the value has before the token. */
  | { readonly type: 'header'; readonly name: string; readonly prefix: string }
  | { readonly type: 'cookie'; readonly name: string }
  | { readonly type: 'parameter'; readonly name: string };

/** @param provider a JwtProvider */
export function placesOf(provider: EnvoyMessage): readonly Place[] {
  return [
    ...messagesIn(provider, 'from_headers').map((header) => {
      knowingOnly(header, ['name', 'value_prefix']);
      const name = (textIn(header, 'name') ?? '').toLowerCase();
      return { type: 'header', name, prefix: textIn(header, 'value_prefix') ?? '' } as const;
    }),
    ...textsIn(provider, 'from_cookies').map((name) => ({ type: 'cookie', name }) as const),
    ...textsIn(provider, 'from_params').map((name) => ({ type: 'parameter', name }) as const),
  ];
}

/** Null: there is none. */
export function tokenAt(place: Place, request: CallRequest): string | null {
  switch (place.type) {
    case 'header': {
      const value = headerOf(request, place.name);
      if (value === null || place.prefix === '') return value;
      const at = value.indexOf(place.prefix);
      return at < 0 ? null : tokenIn(value, at + place.prefix.length);
    }
    case 'cookie':
      return cookieOf(request, place.name);
    case 'parameter':
      return queryParameterOf(request, place.name);
  }
}

/** From the first character that tokens have, to the end of the value; else all of it. */
function tokenIn(value: string, start: number): string {
  return /[\w.-].*$/.exec(value.slice(start))?.[0] ?? value;
}

function cookieOf(request: CallRequest, name: string): string | null {
  const found = headerOf(request, 'cookie')
    ?.split(/[;,]/)
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${name}=`));
  return found === undefined ? null : found.slice(name.length + 1);
}

/** With a token where it is looked for; what is there stays, and comes first. */
export function withTokenAt(place: Place, request: CallRequest, token: string): CallRequest {
  const { headers, path } = request;
  switch (place.type) {
    case 'header':
      return { ...request, headers: [...headers, [place.name, place.prefix + token]] };
    case 'cookie': {
      const others = headerOf(request, 'cookie');
      const value = `${others === null ? '' : `${others}; `}${place.name}=${token}`;
      return {
        ...request,
        headers: [...headers.filter(([name]) => name !== 'cookie'), ['cookie', value]],
      };
    }
    case 'parameter':
      return { ...request, path: `${path}${path.includes('?') ? '&' : '?'}${place.name}=${token}` };
  }
}

export function placeText(place: Place): string {
  if (place.type === 'header' && place.name === idTokenHeader) return 'the session of a login';
  switch (place.type) {
    case 'header':
      return `header ${place.name}${place.prefix === '' ? '' : ` after "${place.prefix}"`}`;
    case 'cookie':
      return `cookie ${place.name}`;
    case 'parameter':
      return `query parameter ${place.name}`;
  }
}
