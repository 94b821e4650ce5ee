// Paths in authorization rules: what a route has to do so that they can be compared, and the comparison. Nothing of it is in a
// listener, so that the first rule with a path holds from the next request on.
import type { InboundPortIr, RuleIr } from '../../../ir/inbound.ts';
import type { RulePathIr } from '../../../ir/request.ts';
import { setHeader } from '../header.ts';
import { canonicalExpression } from '../paths/canonical-expression.ts';
import { canonicalPath } from '../paths/canonical-path.ts';
import {
  canonicalSpelling,
  otherPathHeader,
  pathHeader,
  pathScript,
  readingsHeader,
} from '../paths/path-script.ts';
import { any, extension } from '../typed-config.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';

/** What the application does not get. */
export const pathHeaders = [pathHeader, otherPathHeader, readingsHeader] as const;

/** The path as it came, for requests that spell it canonically. */
export const copyPathFilter = extension(
  'envoy.filters.http.header_mutation.path',
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
);

/** What the script makes of the path, for all other requests. */
export const readPathFilter = extension(
  'envoy.filters.http.lua.path',
  'envoy.extensions.filters.http.lua.v3.Lua',
  // The route has been found, and filters by it.
  { clear_route_cache: false },
);

export type Spelling = 'canonical' | 'other';

/** Requests of this spelling, as a route's match: the first before the second. */
export const spellings: Readonly<Record<Spelling, EnvoyMessage>> = {
  canonical: { safe_regex: { regex: canonicalSpelling } },
  other: { prefix: '/' },
};

export const copyPath: EnvoyMessage = any(
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute',
  {
    mutations: {
      request_mutations: [
        { append: setHeader(pathHeader, '%PATH(NQ:PATH)%') },
        { append: setHeader(readingsHeader, '|%PATH(NQ:PATH)%|') },
      ],
    },
  },
);

export const readPath: EnvoyMessage = any('envoy.extensions.filters.http.lua.v3.LuaPerRoute', {
  source_code: { inline_string: pathScript },
});

export function looksAtPaths({
  authentication,
  authorization: { deny, allow },
  authorizers,
}: Pick<InboundPortIr, 'authentication' | 'authorization' | 'authorizers'>): boolean {
  const rules: readonly Pick<RuleIr, 'requests'>[] = [
    ...(authentication?.required ?? []),
    ...authorizers,
    ...deny,
    ...(allow === 'all' ? [] : allow),
  ];
  return rules.some(
    ({ requests }) =>
      requests !== 'any' &&
      requests.some(({ paths, not }) => paths !== 'any' || (not?.paths ?? []).length > 0),
  );
}

/** For a rule that denies: one of the paths, in any reading. A request whose path has not been read is refused. */
export function anyReading(paths: readonly RulePathIr[]): EnvoyMessage {
  const unread = paths.some(({ type }) => type === 'RegularExpression') ? pathHeader : readingsHeader;
  return anyOf([absent(unread), ...paths.flatMap(inSomeReading)]);
}

/** For a rule that allows: one of the paths, in every reading. */
export function everyReading(paths: readonly RulePathIr[]): EnvoyMessage {
  return anyOf(paths.flatMap(inEveryReading));
}

function inSomeReading({ type, value, ignoreCase }: RulePathIr): readonly EnvoyMessage[] {
  if (type === 'RegularExpression') {
    const expression = canonicalExpression(value);
    return [matches(pathHeader, expression), matches(otherPathHeader, expression)];
  }
  const path = canonicalPath(value);
  const contains = (text: string): EnvoyMessage => readings({ contains: text }, ignoreCase);
  if (type === 'Exact') return [contains(`|${path}|`)];
  return path === '/' ? [contains('|/')] : [contains(`|${path}|`), contains(`|${path}/`)];
}

/** What all readings have in common stands first, and ends in a bar only if it is the whole path. */
function inEveryReading({ type, value, ignoreCase }: RulePathIr): readonly EnvoyMessage[] {
  if (type === 'RegularExpression') {
    const expression = canonicalExpression(value);
    const both = [
      matches(pathHeader, expression),
      anyOf([absent(otherPathHeader), matches(otherPathHeader, expression)]),
    ];
    return [{ and_rules: { rules: both } }];
  }
  const path = canonicalPath(value);
  const exact = readings({ exact: `|${path}|` }, ignoreCase);
  if (type === 'Exact') return [exact];
  if (path === '/') return [readings({ prefix: '|/' }, ignoreCase)];
  return [exact, readings({ prefix: `|${path}/` }, ignoreCase)];
}

function readings(match: EnvoyMessage, ignoreCase: boolean): EnvoyMessage {
  return {
    header: { name: readingsHeader, string_match: { ...match, ...(ignoreCase && { ignore_case: true }) } },
  };
}

function matches(name: string, regex: string): EnvoyMessage {
  return { header: { name, string_match: { safe_regex: { regex } } } };
}

function absent(name: string): EnvoyMessage {
  return { header: { name, present_match: false } };
}

function anyOf(rules: readonly EnvoyMessage[]): EnvoyMessage {
  return { or_rules: { rules } };
}
