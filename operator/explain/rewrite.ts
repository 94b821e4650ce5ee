// What becomes of path and host: of requests that are forwarded, and in the location of redirects.
import { RE2JS } from 're2js';
import type { EnvoyMessage } from '../envoy/proto/envoy-message.ts';
import type { CallRequest } from './call.ts';
import type { Forward } from './explanation.ts';
import { knowingOnly, messageIn, numberIn, textIn } from './fields.ts';

/** Of a request that is forwarded. */
export function rewritten(action: EnvoyMessage, request: CallRequest): Pick<Forward, 'path' | 'authority'> {
  return { path: newPath(action, request), authority: textIn(action, 'host_rewrite_literal') };
}

/** With the query; null: it stays. */
function newPath(action: EnvoyMessage, request: CallRequest): string | null {
  const regex = messageIn(action, 'regex_rewrite');
  if (regex === null) return null;
  const [path, query] = split(request.path);
  return atLeast(substituted(regex, path), query);
}

/** Envoy leaves a path as it is that an expression would make empty. */
function atLeast(path: string, rest: string): string | null {
  return path === '' ? null : `${path}${rest}`;
}

/** As RE2::GlobalReplace: \0 to \9 are groups, \\ is a backslash. */
function substituted(rewrite: EnvoyMessage, path: string): string {
  const substitution = textIn(rewrite, 'substitution') ?? '';
  const matcher = RE2JS.compile(textIn(messageIn(rewrite, 'pattern') ?? {}, 'regex') ?? '').matcher(path);
  let written = '';
  let rest = 0;
  while (matcher.find()) {
    const replacement = substitution.replaceAll(/\\([\d\\])/g, (_, what: string) =>
      what === '\\' ? what : (matcher.group(Number(what)) ?? ''),
    );
    written += `${path.slice(rest, matcher.start())}${replacement}`;
    rest = matcher.end();
  }
  return `${written}${path.slice(rest)}`;
}

const redirectFields = [
  'scheme_redirect',
  'host_redirect',
  'port_redirect',
  'path_redirect',
  'regex_rewrite',
  'response_code',
] as const;

const statuses: Readonly<Record<string, number>> = {
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
};

export function redirectLocation(
  redirect: EnvoyMessage,
  request: CallRequest,
): { readonly status: number; readonly location: string } {
  knowingOnly(redirect, redirectFields);
  const [, query] = split(request.path);
  const whole = textIn(redirect, 'path_redirect');
  const target = whole === null ? (newPath(redirect, request) ?? request.path) : `${whole}${query}`;
  const scheme = textIn(redirect, 'scheme_redirect') ?? 'http';
  const host = textIn(redirect, 'host_redirect') ?? request.authority.replace(/:\d+$/, '');
  return {
    status: statuses[textIn(redirect, 'response_code') ?? 'MOVED_PERMANENTLY'] ?? 0,
    location: `${scheme}://${host}${portOf(redirect, request)}${target}`,
  };
}

/** The caller's port stays, unless another host or port is named. */
function portOf(redirect: EnvoyMessage, { authority }: CallRequest): string {
  const port = numberIn(redirect, 'port_redirect');
  if (port !== null && port !== 0) return `:${port}`;
  if (textIn(redirect, 'host_redirect') !== null) return '';
  return /:\d+$/.exec(authority)?.[0] ?? '';
}

function split(path: string): readonly [path: string, query: string] {
  const at = path.indexOf('?');
  return at < 0 ? [path, ''] : [path.slice(0, at), path.slice(at)];
}
