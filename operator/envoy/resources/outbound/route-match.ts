// Route matches in Envoy's words.
import type { RouteMatchIr, ValueMatchIr } from '../../../ir/route.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { quote } from '../complement-regex.ts';
import { headerMatch, regex, stringMatch } from '../header-match.ts';
import { canonicalPath } from '../paths/canonical-path.ts';
import { pathSpellings } from '../paths/path-spellings.ts';

export const anyRequest: RouteMatchIr = {
  path: null,
  method: null,
  headers: [],
  queryParameters: [],
  hostnames: [],
  grpc: false,
};

/** @param more header matchers that the request has to match, too */
export function routeMatch(match: RouteMatchIr, more: readonly EnvoyMessage[]): EnvoyMessage {
  const { method, hostnames, grpc, queryParameters } = match;
  const headers = [
    ...more,
    ...(method === null ? [] : [{ name: ':method', string_match: { exact: method } }]),
    ...(hostnames.length === 0 ? [] : [hostMatch(hostnames)]),
    ...match.headers.map(headerMatch),
  ];
  return {
    ...pathMatch(match.path),
    ...(headers.length > 0 && { headers }),
    ...(queryParameters.length > 0 && { query_parameters: queryParameters.map(queryParameterMatch) }),
    ...(grpc && { grpc: {} }),
  };
}

function queryParameterMatch({ name, type, value, not }: ValueMatchIr): EnvoyMessage {
  return type === 'Present'
    ? { name, present_match: !not }
    : { name, string_match: stringMatch(type, value) };
}

/** With any port, in any case. Names below a domain may have any number of labels. */
function hostMatch(hostnames: readonly string[]): EnvoyMessage {
  const names = hostnames.map((name) =>
    name.startsWith('*.') ? `[^:]+${quote(name.slice(1))}` : quote(name),
  );
  return { name: ':authority', string_match: regex(`(?i)(?:${names.join('|')})(?::[0-9]+)?`) };
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
