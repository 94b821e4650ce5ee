// Quotas: for each a filter that counts the requests of a bucket, reports to the operator, and admits what the operator has assigned.
// All of a sidecar share a store of buckets, so a change of this resource, of routes or of listeners fills none of them.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/rate_limit_quota/v3/rate_limit_quota.proto
import { RE2JS } from 're2js';
import type { ValueMatchIr } from '../../../ir/route.ts';
import type { LimitMatchIr, QuotaIr } from '../../../ir/inbound.ts';
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import { quotaKey } from '../../../ir/quota.ts';
import { formatNodeId } from '../../../values/node-id.ts';
import { nodeIdHeader, operatorCluster } from '../../../values/sidecar-names.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { duration } from '../../proto/well-known.ts';
import { setHeader } from '../header.ts';
import { refusedHeader } from '../names.ts';
import { readingsHeader } from '../paths/path-script.ts';
import { extension, type NamedExtension } from '../typed-config.ts';
import { quotaKeyHeader } from './quota-script.ts';
import { pathExpression } from './rate-limits.ts';

const filter = 'envoy.extensions.filters.http.rate_limit_quota.v3';

/** Of a bucket, beside the key of its quota: `{quota, key}`. */
export const bucketFields = { quota: 'quota', key: 'key' } as const;
/** Longer than a sidecar runs. */
const forGoodMs = 10 * 365 * 86_400_000;
/** Of all quotas of the mesh. */
export const quotaDomain = 'meshwright';

const allow: EnvoyMessage = { blanket_rule: 'ALLOW_ALL' };
const deny: EnvoyMessage = { blanket_rule: 'DENY_ALL' };

/**
 * Envoy counts each request once in a filter. So a quota with costs has a filter for each unit of the highest: a request passes through as many
 * of them as it costs, and all of them count in the same bucket.
 * @param servers how many share it
 */
export function quotaFilters(
  quota: QuotaIr,
  workload: WorkloadIr,
  servers: number,
): readonly NamedExtension[] {
  const units = Array.from({ length: quota.cost?.maximum ?? 1 }, (_, at) => at + 1);
  return units.map((unit) => quotaFilter(quota, unit, workload, servers));
}

function quotaFilter(quota: QuotaIr, unit: number, workload: WorkloadIr, servers: number): NamedExtension {
  const name = `quota/${quotaKey(quota)}${unit === 1 ? '' : `#${unit}`}`;
  return extension(name, `${filter}.RateLimitQuotaFilterConfig`, {
    rlqs_server: {
      envoy_grpc: { cluster_name: operatorCluster },
      // As with the counts of a sidecar: believed if the certificate is that of the workload.
      initial_metadata: [{ key: nodeIdHeader, value: formatNodeId(workload) }],
    },
    domain: quotaDomain,
    bucket_matchers: matcher([...predicatesOf(quota.match), ...costPredicates(quota.cost, unit)], {
      action: bucketOf(quota, servers),
    }),
  });
}

/** What no condition matches is not counted, and passes. */
function matcher(predicates: readonly EnvoyMessage[], onMatch: EnvoyMessage): EnvoyMessage {
  const [predicate, ...others] = predicates;
  if (predicate === undefined) return { on_no_match: onMatch };
  const all = others.length === 0 ? predicate : { and_matcher: { predicate: [predicate, ...others] } };
  return { matcher_list: { matchers: [{ predicate: all, on_match: onMatch }] } };
}

function bucketOf(quota: QuotaIr, servers: number): NamedExtension {
  const { id, per, requests, periodMs, window: kind } = quota;
  const seconds = periodMs / 1_000;
  const window = `${requests}, ${requests};w=${seconds}`;
  // Until one request more has come back. When a fixed window ends depends on the time: quota-script.ts.
  const again = kind === 'Fixed' ? [] : [String(Math.ceil(seconds / requests))];
  return extension('bucket', `${filter}.RateLimitQuotaBucketSettings`, {
    bucket_id_builder: {
      bucket_id_builder: {
        [bucketFields.quota]: { string_value: quotaKey(quota) },
        [bucketFields.key]:
          per === 'All' ? { string_value: '*' } : { custom_value: headerValue(quotaKeyHeader(per)) },
      },
    },
    // Required, and ignored: Envoy 1.40 reports all buckets every five seconds.
    reporting_interval: duration(5_000),
    // A token bucket in this place crashes Envoy 1.40.
    no_assignment_behavior: { fallback_rate_limit: isDenying(quota) ? deny : allow },
    // The operator has been silent for as long as an assignment lasts.
    expired_assignment_behavior: {
      expired_assignment_behavior_timeout: duration(forGoodMs),
      fallback_rate_limit: unavailable(quota, servers),
    },
    deny_response_settings: {
      grpc_status: { code: 8, message: `quota ${id} is used up` },
      response_headers_to_add: [
        setHeader(refusedHeader, `quota/${id.slice(id.lastIndexOf('/') + 1)}`),
        setHeader('x-ratelimit-limit', window),
        setHeader('x-ratelimit-remaining', '0'),
        ...again.flatMap((wait) => [setHeader('retry-after', wait), setHeader('x-ratelimit-reset', wait)]),
      ],
    },
  });
}

function isDenying({ whenUnavailable, isEnforced }: QuotaIr): boolean {
  return whenUnavailable === 'Deny' && isEnforced;
}

/** Of the last assignment nothing may be left: what is in force without the operator has to come back by itself. */
function unavailable(quota: QuotaIr, servers: number): EnvoyMessage {
  const { whenUnavailable, requests, periodMs, burst } = quota;
  if (whenUnavailable === 'Allow' || !quota.isEnforced) return allow;
  if (isDenying(quota)) return deny;
  const share = Math.ceil(requests / servers);
  const max_tokens = Math.ceil((burst ?? requests) / servers);
  return { token_bucket: { max_tokens, tokens_per_fill: share, fill_interval: duration(periodMs) } };
}

function headerValue(header_name: string): NamedExtension {
  return extension('header', 'envoy.type.matcher.v3.HttpRequestHeaderMatchInput', { header_name });
}

function predicatesOf({ path, method, headers }: LimitMatchIr): readonly EnvoyMessage[] {
  return [
    ...(path === null || (path.type === 'PathPrefix' && path.value === '/') ? [] : [pathPredicate(path)]),
    ...(method === null ? [] : [single(':method', { exact: method, ignore_case: true })]),
    ...headers.map(headerPredicate),
  ];
}

/** A request costs so much unless its header says less: what is no cost counts as the highest. */
function costPredicates(cost: QuotaIr['cost'], unit: number): readonly EnvoyMessage[] {
  if (cost === null || unit === 1) return [];
  const less = Array.from({ length: unit - 1 }, (_, at) => at + 1).join('|');
  const isNotLess = not(single(cost.header, regex(less)));
  return unit <= cost.default ? [isNotLess] : [present(cost.header), isNotLess];
}

/** A path that is not read may be any. */
function pathPredicate(path: NonNullable<LimitMatchIr['path']>): EnvoyMessage {
  const isRead = present(readingsHeader);
  const found = single(readingsHeader, regex(pathExpression(path)));
  return { or_matcher: { predicate: [not(isRead), found] } };
}

function headerPredicate({ name, type, value, not: isNot }: ValueMatchIr): EnvoyMessage {
  if (type === 'Present') return isNot ? not(present(name)) : present(name);
  const matches = single(name, type === 'Exact' ? { exact: value } : regex(value));
  if (!isNot) return matches;
  // A header that is missing counts as an empty one.
  return matchesEmpty(type, value)
    ? { and_matcher: { predicate: [present(name), not(matches)] } }
    : not(matches);
}

function matchesEmpty(type: 'Exact' | 'RegularExpression', value: string): boolean {
  return type === 'Exact' ? value === '' : RE2JS.compile(value).matches('');
}

function present(name: string): EnvoyMessage {
  return single(name, regex('(?s).*'));
}

/** Of these matchers the engine has to be named. */
function regex(expression: string): EnvoyMessage {
  return { safe_regex: { google_re2: {}, regex: expression } };
}

function single(header: string, value_match: EnvoyMessage): EnvoyMessage {
  return { single_predicate: { input: headerValue(header), value_match } };
}

function not(not_matcher: EnvoyMessage): EnvoyMessage {
  return { not_matcher };
}
