// A quota: whether it counts a request, and which requests share it.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/rate_limit_quota/v3/rate_limit_quota.proto
import type { EnvoyMessage } from '../envoy/proto/envoy-message.ts';
import { bucketFields } from '../envoy/resources/inbound/quotas.ts';
import { quotaKey } from '../ir/quota.ts';
import type { Arrived } from './arrived.ts';
import { headerOf } from './call.ts';
import type { QuotaLimit, ServerLimit } from './explanation.ts';
import { knowingOnly, messageIn, messagesIn, textIn, typeOf, UnreadableError } from './fields.ts';
import { matchesText } from './matchers.ts';
import { sharedBy } from './rate.ts';

const settingsFields = [
  '@type',
  'bucket_id_builder',
  'reporting_interval',
  'deny_response_settings',
  'no_assignment_behavior',
  'expired_assignment_behavior',
] as const;

/** Keys of limits are those of quotas, too, unless there are too many of them. */
export function afterQuotaScript(arrived: Arrived, filter: EnvoyMessage): Arrived {
  knowingOnly(filter, ['@type', 'clear_route_cache', 'default_source_code']);
  const script = textIn(messageIn(filter, 'default_source_code') ?? {}, 'inline_string') ?? '';
  const copied = [...script.matchAll(/^ {2}fold\(headers, "([^"]+)", "([^"]+)", now\)$/gm)];
  return copied.reduce<Arrived>((seen, [, from = '', to = '']) => {
    if (seen.unknown.has(from)) return { ...seen, unknown: new Set([...seen.unknown, to]) };
    const value = headerOf(seen.request, from);
    if (value === null) return seen;
    return { ...seen, request: { ...seen.request, headers: [...seen.request.headers, [to, value]] } };
  }, arrived);
}

/** One, if the filter counts the request. */
export function quotaOf(filter: EnvoyMessage, arrived: Arrived): readonly QuotaLimit[] {
  knowingOnly(filter, ['@type', 'rlqs_server', 'domain', 'bucket_matchers']);
  const settings = settingsFor(messageIn(filter, 'bucket_matchers') ?? {}, arrived);
  if (settings === null) return [];
  const { quota, key } = bucketIn(settings);
  const found = { type: 'Quota', cost: 1, ...namesOf(quota), ...windowIn(settings) } as const;
  if (textIn(key, 'string_value') !== null) return [{ ...found, sharedBy: null }];
  const header = headerIn(messageIn(key, 'custom_value') ?? {});
  const value = arrived.unknown.has(header) ? null : headerOf(arrived.request, header);
  // Without it there is no bucket.
  if (value === null && !arrived.unknown.has(header)) return [];
  return [{ ...found, sharedBy: sharedBy({ header, value }) }];
}

/** One for each quota: a request passes through as many filters of it as it costs. */
export function withCosts(limits: readonly ServerLimit[]): readonly ServerLimit[] {
  const costs = new Map<string, number>();
  for (const limit of limits)
    if (limit.type === 'Quota') costs.set(quotaKey(limit), (costs.get(quotaKey(limit)) ?? 0) + 1);
  return limits.flatMap((limit): readonly ServerLimit[] => {
    if (limit.type !== 'Quota') return [limit];
    const cost = costs.get(quotaKey(limit));
    costs.delete(quotaKey(limit));
    return cost === undefined ? [] : [{ ...limit, cost }];
  });
}

function bucketIn(settings: EnvoyMessage): { readonly quota: string; readonly key: EnvoyMessage } {
  const built = messageIn(messageIn(settings, 'bucket_id_builder') ?? {}, 'bucket_id_builder') ?? {};
  return {
    quota: textIn(messageIn(built, bucketFields.quota) ?? {}, 'string_value') ?? '',
    key: messageIn(built, bucketFields.key) ?? {},
  };
}

function namesOf(quota: string): Pick<QuotaLimit, 'id' | 'service'> {
  const [id = '', service = ''] = quota.split('@');
  return { id, service };
}

/** Null: it does not match. */
function settingsFor(matcher: EnvoyMessage, arrived: Arrived): EnvoyMessage | null {
  knowingOnly(matcher, ['on_no_match', 'matcher_list']);
  const [first, ...others] = messagesIn(messageIn(matcher, 'matcher_list') ?? {}, 'matchers');
  if (others.length > 0) throw new UnreadableError('explain knows quotas with one condition only');
  const isMet = first !== undefined && matches(messageIn(first, 'predicate') ?? {}, arrived);
  const then = messageIn(isMet ? first : matcher, isMet ? 'on_match' : 'on_no_match');
  const settings = messageIn(messageIn(then ?? {}, 'action') ?? {}, 'typed_config');
  return settings === null ? null : knowingOnly(settings, settingsFields);
}

function matches(predicate: EnvoyMessage, arrived: Arrived): boolean {
  knowingOnly(predicate, ['and_matcher', 'or_matcher', 'not_matcher', 'single_predicate']);
  const all = messageIn(predicate, 'and_matcher');
  if (all !== null) return messagesIn(all, 'predicate').every((one) => matches(one, arrived));
  const any = messageIn(predicate, 'or_matcher');
  if (any !== null) return messagesIn(any, 'predicate').some((one) => matches(one, arrived));
  const not = messageIn(predicate, 'not_matcher');
  if (not !== null) return !matches(not, arrived);
  const single = messageIn(predicate, 'single_predicate') ?? {};
  const value = headerOf(arrived.request, headerIn(messageIn(single, 'input') ?? {}));
  return value !== null && matchesText(messageIn(single, 'value_match') ?? {}, value);
}

/** @param extension one that reads a header */
function headerIn(extension: EnvoyMessage): string {
  const config = messageIn(extension, 'typed_config') ?? {};
  if (typeOf(config) !== 'envoy.type.matcher.v3.HttpRequestHeaderMatchInput')
    throw new UnreadableError(`explain does not know the input ${typeOf(config)}`);
  return textIn(config, 'header_name') ?? '';
}

/** What is told to callers: `100, 100;w=60`. */
function windowIn(settings: EnvoyMessage): Pick<QuotaLimit, 'requests' | 'periodMs'> {
  const headers = messagesIn(messageIn(settings, 'deny_response_settings') ?? {}, 'response_headers_to_add');
  const text = headers
    .map((one) => messageIn(one, 'header') ?? {})
    .find((header) => textIn(header, 'key') === 'x-ratelimit-limit');
  const [, requests, seconds] = /^(\d+), \d+;w=(\d+)$/.exec(textIn(text ?? {}, 'value') ?? '') ?? [];
  if (requests === undefined) throw new UnreadableError('explain cannot read how large the quota is');
  return { requests: Number(requests), periodMs: Number(seconds) * 1_000 };
}
