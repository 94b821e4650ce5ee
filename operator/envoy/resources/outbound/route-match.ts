// Route matches in Envoy's words.
import type { RouteIr, RouteMatchIr } from '../../../ir/service.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';

/** One for each alternative. */
export function routeMatches(matches: RouteIr['matches']): readonly EnvoyMessage[] {
  return matches === 'any' ? [{ prefix: '/' }] : matches.map(routeMatch);
}

function routeMatch(match: RouteMatchIr): EnvoyMessage {
  const headers = [
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
  Exact: (value: string) => ({ path: value }),
  RegularExpression: (regex: string) => ({ safe_regex: { regex } }),
  PathPrefix: pathPrefix,
};

function pathPrefix(value: string): EnvoyMessage {
  return value === '/' ? { prefix: '/' } : { path_separated_prefix: value };
}
