// Path and host of requests that are forwarded, and of redirects, in Envoy's words.
import type { PathRewriteIr, RedirectIr, RewriteIr, RouteMatchIr } from '../../../ir/route.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { quote } from '../complement-regex.ts';
import { canonicalPath } from '../paths/canonical-path.ts';
import { pathSpellings } from '../paths/path-spellings.ts';

type Matched = RouteMatchIr['path'];

/** Fields of a route's action. */
export function rewriting(rewrite: RewriteIr | null, matched: Matched): EnvoyMessage {
  if (rewrite === null) return {};
  const { hostname, path } = rewrite;
  return {
    ...(hostname !== null && { host_rewrite_literal: hostname }),
    ...(path !== null && { regex_rewrite: regexRewrite(path, matched) }),
  };
}

const responseCodes: Readonly<Record<number, string>> = {
  301: 'MOVED_PERMANENTLY',
  302: 'FOUND',
  303: 'SEE_OTHER',
  307: 'TEMPORARY_REDIRECT',
  308: 'PERMANENT_REDIRECT',
};

/** Of a route: its action. */
export function redirection(redirect: RedirectIr, matched: Matched): EnvoyMessage {
  const { scheme, hostname, port, path, status } = redirect;
  return {
    redirect: {
      ...(scheme !== null && { scheme_redirect: scheme }),
      ...(hostname !== null && { host_redirect: hostname }),
      ...(port !== null && { port_redirect: port }),
      ...(path !== null && redirectedPath(path, matched)),
      response_code: responseCodes[status] ?? 'FOUND',
    },
  };
}

function redirectedPath(path: PathRewriteIr, matched: Matched): EnvoyMessage {
  return path.type === 'FullPath'
    ? { path_redirect: path.value }
    : { regex_rewrite: regexRewrite(path, matched) };
}

/**
 * An expression, for prefixes too: Envoy's own prefix_rewrite knows nothing of segments (`/a` in place of `/` makes `/ab` of `/b`), and
 * replaces the whole path where a prefix with several spellings is matched by an expression.
 */
function regexRewrite(path: PathRewriteIr, matched: Matched): EnvoyMessage {
  switch (path.type) {
    case 'RegularExpression':
      return substitute(path.value, path.substitution);
    case 'FullPath':
      return substitute('^.*', literal(path.value));
    case 'PrefixMatch': {
      const replacement = path.value.replace(/\/+$/, '');
      const prefix = prefixPattern(matched);
      return replacement === ''
        ? substitute(`^${prefix}/?(.*)`, String.raw`/\1`)
        : substitute(`^${prefix}(/.*)?$`, String.raw`${literal(replacement)}\1`);
    }
  }
}

/** `/` is the prefix of every path: nothing is in front of its first slash. */
function prefixPattern(matched: Matched): string {
  if (matched === null || matched.value === '/') return '';
  return pathSpellings(matched.value) ?? quote(canonicalPath(matched.value));
}

function substitute(regex: string, substitution: string): EnvoyMessage {
  return { pattern: { regex }, substitution };
}

/** A backslash begins a group. */
function literal(text: string): string {
  return text.replaceAll('\\', String.raw`\\`);
}
