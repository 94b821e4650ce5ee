// Whether a request matches, as Envoy decides it: paths, headers and query parameters.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-routematch
import { RE2JS } from 're2js';
import type { EnvoyMessage } from '../envoy/proto/envoy-message.ts';
import { type CallRequest, headerOf, pathOf, queryParameterOf } from './call.ts';
import { flagIn, knowingOnly, messageIn, messagesIn, textIn, UnreadableError } from './fields.ts';

const matchFields = [
  'prefix',
  'path',
  'path_separated_prefix',
  'safe_regex',
  'headers',
  'query_parameters',
  'grpc',
] as const;

/** @param match a RouteMatch */
export function matchesRequest(match: EnvoyMessage, request: CallRequest): boolean {
  knowingOnly(match, matchFields);
  return (
    matchesPath(match, pathOf(request)) &&
    (messageIn(match, 'grpc') === null || isGrpc(request)) &&
    messagesIn(match, 'headers').every((matcher) => matchesHeader(matcher, request)) &&
    messagesIn(match, 'query_parameters').every((matcher) => matchesQuery(matcher, request))
  );
}

function matchesPath(match: EnvoyMessage, path: string): boolean {
  const prefix = textIn(match, 'prefix');
  if (prefix !== null) return path.startsWith(prefix);
  const exact = textIn(match, 'path');
  if (exact !== null) return path === exact;
  const separated = textIn(match, 'path_separated_prefix');
  if (separated !== null) return path === separated || path.startsWith(`${separated}/`);
  const regex = messageIn(match, 'safe_regex');
  if (regex === null) throw new UnreadableError('explain does not know how the path is matched');
  return matchesRegex(regex, path);
}

function isGrpc(request: CallRequest): boolean {
  const type = headerOf(request, 'content-type') ?? '';
  return type === 'application/grpc' || type.startsWith('application/grpc+');
}

export function matchesHeader(matcher: EnvoyMessage, request: CallRequest): boolean {
  knowingOnly(matcher, [
    'name',
    'string_match',
    'present_match',
    'range_match',
    'invert_match',
    'treat_missing_header_as_empty',
  ]);
  const value = headerOf(request, textIn(matcher, 'name') ?? '');
  const found = value ?? (flagIn(matcher, 'treat_missing_header_as_empty') ? '' : null);
  const present = matcher['present_match'];
  if (typeof present === 'boolean') return ((found !== null) === present) !== flagIn(matcher, 'invert_match');
  // What is absent does not match, inverted or not.
  if (found === null) return false;
  const range = messageIn(matcher, 'range_match');
  if (range !== null) return isWithin(range, Number(found)) !== flagIn(matcher, 'invert_match');
  return matchesText(stringMatch(matcher), found) !== flagIn(matcher, 'invert_match');
}

/** @param range an Int64Range: without its end */
function isWithin(range: EnvoyMessage, value: number): boolean {
  return value >= Number(range['start'] ?? 0) && value < Number(range['end'] ?? 0);
}

function matchesQuery(matcher: EnvoyMessage, request: CallRequest): boolean {
  knowingOnly(matcher, ['name', 'string_match', 'present_match']);
  const value = queryParameterOf(request, textIn(matcher, 'name') ?? '');
  const present = matcher['present_match'];
  if (typeof present === 'boolean') return (value !== null) === present;
  return value !== null && matchesText(stringMatch(matcher), value);
}

function stringMatch(matcher: EnvoyMessage): EnvoyMessage {
  const found = messageIn(matcher, 'string_match');
  if (found === null) throw new UnreadableError('explain does not know how the value is matched');
  return knowingOnly(found, ['exact', 'prefix', 'suffix', 'contains', 'safe_regex', 'ignore_case']);
}

/** @param matcher a StringMatcher */
export function matchesText(matcher: EnvoyMessage, text: string): boolean {
  const regex = messageIn(matcher, 'safe_regex');
  if (regex !== null) return matchesRegex(regex, text);
  const isSame = flagIn(matcher, 'ignore_case');
  const read = (field: string): string | null => {
    const value = textIn(matcher, field);
    return isSame && value !== null ? value.toLowerCase() : value;
  };
  const seen = isSame ? text.toLowerCase() : text;
  const [exact, prefix, suffix, part] = [read('exact'), read('prefix'), read('suffix'), read('contains')];
  if (exact !== null) return seen === exact;
  if (prefix !== null) return seen.startsWith(prefix);
  if (suffix !== null) return seen.endsWith(suffix);
  if (part !== null) return seen.includes(part);
  throw new UnreadableError('explain does not know how the text is matched');
}

/** All of the text, as RE2 reads the expression. */
function matchesRegex(matcher: EnvoyMessage, text: string): boolean {
  return RE2JS.compile(textIn(matcher, 'regex') ?? '').matches(text);
}
