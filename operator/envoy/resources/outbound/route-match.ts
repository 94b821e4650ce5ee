// Route matches in Envoy's words.
import type { RouteIr, RouteMatchIr } from '../../../ir/service.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { canonicalPath } from '../paths/canonical-path.ts';
import { pathSpellings } from '../paths/path-spellings.ts';

/**
 * One for each alternative.
 * @param more header matchers that all of them have, too
 */
export function routeMatches(
  matches: RouteIr['matches'],
  more: readonly EnvoyMessage[],
): readonly EnvoyMessage[] {
  const alternatives = matches === 'any' ? [anyRequest] : matches;
  return alternatives.map((match) => routeMatch(match, more));
}

const anyRequest: RouteMatchIr = { path: null, method: null, headers: [] };

function routeMatch(match: RouteMatchIr, more: readonly EnvoyMessage[]): EnvoyMessage {
  const headers = [
    ...more,
    ...(match.method === null ? [] : [{ name: ':method', string_match: { exact: match.method } }]),
    ...match.headers.map(({ name, type, value }) => ({
      name,
      string_match: type === 'Exact' ? { exact: value } : { safe_regex: { regex: value } },
    })),
  ];
  return { ...pathMatch(match.path), ...(headers.length > 0 && { headers }) };
}

function pathMatch(path: RouteMatchIr['path']): EnvoyMessage {
  if (path === null) return { prefix: '/' };
  return pathMatchOf[path.type](path.value);
}

const pathMatchOf = {
  Exact: exactPath,
  RegularExpression: regex,
  PathPrefix: pathPrefix,
};

function exactPath(value: string): EnvoyMessage {
  const spellings = pathSpellings(value);
  return spellings === null ? { path: canonicalPath(value) } : regex(spellings);
}

function pathPrefix(value: string): EnvoyMessage {
  if (value === '/') return { prefix: '/' };
  const spellings = pathSpellings(value);
  return spellings === null ? { path_separated_prefix: canonicalPath(value) } : regex(`${spellings}(?:/.*)?`);
}

function regex(expression: string): EnvoyMessage {
  return { safe_regex: { regex: expression } };
}
