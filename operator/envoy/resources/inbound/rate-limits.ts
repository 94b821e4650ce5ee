// Limits of the rate of requests: a filter for each, and what the requests are told apart by, in headers that the application does not
// get. @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/local_ratelimit/v3/local_rate_limit.proto
import type { LimitMatchIr, RateLimitIr } from '../../../ir/inbound.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { duration } from '../../proto/well-known.ts';
import { quote } from '../complement-regex.ts';
import { headerMatch } from '../header-match.ts';
import { setHeader } from '../header.ts';
import { refusedHeader } from '../names.ts';
import { canonicalPath } from '../paths/canonical-path.ts';
import { pathHeader, readingsHeader } from '../paths/path-script.ts';
import { extension, type NamedExtension } from '../typed-config.ts';

const http = 'envoy.extensions.filters.http';

/** Values of a key that a limit remembers: the one that was not seen for longest is forgotten. Callers choose what they send. */
const maxKeys = 1_000;
/** Of each value. */
const maxKeyBytes = 200;

export function rateLimits(rates: readonly RateLimitIr[]): readonly NamedExtension[] {
  return rates.map(rateFilter);
}

/** Around filters that count by such keys. */
export function withKeys(
  pers: readonly RateLimitIr['per'][],
  filters: readonly NamedExtension[],
): readonly NamedExtension[] {
  const keys = new Map(pers.flatMap((per) => (per === 'All' ? [] : [[keyHeader(per), per] as const])));
  if (keys.size === 0) return filters;
  const written = [...keys.keys()].flatMap((name) => [name, name.replace('-limit-', '-quota-')]);
  return [writeKeys([...keys.values()]), ...filters, removeKeys(written)];
}

type Key = Exclude<RateLimitIr['per'], 'All'>;

/** Under which the filters find a key: what callers write under such names is gone before. */
export function keyHeader(key: Key): string {
  return typeof key === 'string'
    ? `x-meshwright-limit-${key.toLowerCase()}`
    : `x-meshwright-limit-header-${key.header}`;
}

/** Cut off, since a key is kept for as long as it is used. */
function writeKeys(keys: readonly Key[]): NamedExtension {
  return headerMutation(
    'keys',
    keys.flatMap((key) => {
      const [value, otherwise] = valueOf(key);
      const absent = { header: { key: keyHeader(key), value: otherwise }, append_action: 'ADD_IF_ABSENT' };
      return [{ append: setHeader(keyHeader(key), value) }, { append: absent }];
    }),
  );
}

/** Of a path that is not read, or has many readings, and of a header that is missing: all of them share a key. */
function valueOf(key: Key): readonly [value: string, otherwise: string] {
  if (key === 'Caller') {
    return ['%DOWNSTREAM_PEER_URI_SAN%', '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%'];
  }
  return [`%REQ(${key === 'Path' ? pathHeader : key.header}):${maxKeyBytes}%`, '-'];
}

function removeKeys(headers: readonly string[]): NamedExtension {
  return headerMutation(
    'keys-removed',
    headers.map((remove) => ({ remove })),
  );
}

function headerMutation(name: string, request_mutations: readonly EnvoyMessage[]): NamedExtension {
  return extension(name, `${http}.header_mutation.v3.HeaderMutation`, { mutations: { request_mutations } });
}

const always: EnvoyMessage = { default_value: { numerator: 100, denominator: 'HUNDRED' } };

/** A filter for each: of several in one, no response could say when to come again. */
function rateFilter({ id, match, per, requests, periodMs, burst }: RateLimitIr): NamedExtension {
  const matchers = matchersOf(match);
  const limit = { key: 'limit', value: id };
  const actions = [
    { generic_key: { descriptor_key: limit.key, descriptor_value: limit.value } },
    ...(matchers.length === 0
      ? []
      : [{ header_value_match: { descriptor_key: 'match', descriptor_value: 'true', headers: matchers } }]),
    ...(per === 'All' ? [] : [{ request_headers: { header_name: keyHeader(per), descriptor_key: 'key' } }]),
  ];
  const entries = [
    limit,
    ...(matchers.length === 0 ? [] : [{ key: 'match', value: 'true' }]),
    // Any value.
    ...(per === 'All' ? [] : [{ key: 'key' }]),
  ];
  const bucket = { max_tokens: burst, tokens_per_fill: requests, fill_interval: duration(periodMs) };
  return extension(`limit/${id}`, `${http}.local_ratelimit.v3.LocalRateLimit`, {
    stat_prefix: `limit/${id}`,
    filter_enabled: always,
    filter_enforced: always,
    rate_limits: [{ actions }],
    descriptors: [{ entries, token_bucket: bucket }],
    max_dynamic_descriptors: maxKeys,
    enable_x_ratelimit_headers: 'DRAFT_VERSION_03',
    rate_limited_as_resource_exhausted: true,
    response_headers_to_add: [
      // The time until there is a token again.
      setHeader('retry-after', String(Math.ceil(periodMs / 1_000 / requests))),
      setHeader(refusedHeader, `limit/${id.slice(id.lastIndexOf('/') + 1)}`),
    ],
  });
}

function matchersOf({ path, method, headers }: LimitMatchIr): readonly EnvoyMessage[] {
  return [
    ...(path === null || (path.type === 'PathPrefix' && path.value === '/') ? [] : [pathMatcher(path)]),
    // Some applications take `get` for GET.
    ...(method === null ? [] : [{ name: ':method', string_match: { exact: method, ignore_case: true } }]),
    ...headers.map(headerMatch),
  ];
}

/** In some reading, as rules that deny: a path that is not read may be any. */
function pathMatcher(path: NonNullable<LimitMatchIr['path']>): EnvoyMessage {
  return {
    name: readingsHeader,
    string_match: { safe_regex: { regex: `(?:|${pathExpression(path)})` } },
    treat_missing_header_as_empty: true,
  };
}

/** Of the readings. */
export function pathExpression({ type, value }: NonNullable<LimitMatchIr['path']>): string {
  const path = quote(canonicalPath(value));
  const reading = type === 'Exact' ? `\\|${path}\\|` : `\\|${path}[|/]`;
  return `.*${reading}.*`;
}
