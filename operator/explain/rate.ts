// A limit of the rate of requests: whether it counts a request, and which requests share the count.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-ratelimit
import type { EnvoyMessage } from '../envoy/proto/envoy-message.ts';
import type { Arrived } from './arrived.ts';
import { headerOf } from './call.ts';
import type { RateLimit } from './explanation.ts';
import {
  knowingOnly,
  messageIn,
  messagesIn,
  millisecondsIn,
  numberIn,
  textIn,
  UnreadableError,
} from './fields.ts';
import { matchesHeader } from './matchers.ts';

const filterFields = [
  '@type',
  'stat_prefix',
  'filter_enabled',
  'filter_enforced',
  'rate_limits',
  'descriptors',
  'max_dynamic_descriptors',
  'enable_x_ratelimit_headers',
  'rate_limited_as_resource_exhausted',
  'response_headers_to_add',
] as const;

/** One, if the filter counts the request or may do so. */
export function rateOf(filter: EnvoyMessage, arrived: Arrived): readonly RateLimit[] {
  knowingOnly(filter, filterFields);
  const [rate, ...more] = messagesIn(filter, 'rate_limits');
  const [descriptor, ...others] = messagesIn(filter, 'descriptors');
  if (rate === undefined || descriptor === undefined || more.length + others.length > 0)
    throw new UnreadableError('explain knows limits of one rate only');
  const entries = messagesIn(knowingOnly(rate, ['actions']), 'actions').map((action) =>
    entryOf(action, arrived),
  );
  if (entries.some((entry) => entry === null)) return [];
  const found = entries.filter((entry) => entry !== null);
  if (!isFor(knowingOnly(descriptor, ['entries', 'token_bucket']), found)) return [];
  const bucket = messageIn(descriptor, 'token_bucket') ?? {};
  return [
    {
      type: 'Rate',
      id: found.find(({ key }) => key === 'limit')?.value ?? '',
      requests: numberIn(bucket, 'tokens_per_fill') ?? 1,
      periodMs: millisecondsIn(bucket, 'fill_interval'),
      burst: numberIn(bucket, 'max_tokens') ?? 0,
      sharedBy: sharedBy(found.find(({ header }) => header !== null)),
    },
  ];
}

interface Entry {
  readonly key: string;
  /** Null: explain cannot say it. */
  readonly value: string | null;
  /** Name of the header that it is the value of; null: of none. */
  readonly header: string | null;
}

/** Null: there is none, and the limit does not count the request. */
function entryOf(action: EnvoyMessage, { request, unknown }: Arrived): Entry | null {
  knowingOnly(action, ['generic_key', 'header_value_match', 'request_headers']);
  const generic = messageIn(action, 'generic_key');
  if (generic !== null) return { ...pairOf(generic), header: null };
  const matching = messageIn(action, 'header_value_match');
  if (matching !== null) {
    const isMet = messagesIn(matching, 'headers').every((matcher) => matchesHeader(matcher, request));
    return isMet ? { ...pairOf(matching), header: null } : null;
  }
  const ofHeader = messageIn(action, 'request_headers') ?? {};
  const header = textIn(ofHeader, 'header_name') ?? '';
  const key = textIn(ofHeader, 'descriptor_key') ?? '';
  if (unknown.has(header)) return { key, value: null, header };
  const value = headerOf(request, header);
  return value === null ? null : { key, value, header };
}

function pairOf(message: EnvoyMessage): Pick<Entry, 'key' | 'value'> {
  return { key: textIn(message, 'descriptor_key') ?? '', value: textIn(message, 'descriptor_value') };
}

/** An entry without a value is for any. */
function isFor(descriptor: EnvoyMessage, found: readonly Entry[]): boolean {
  const wanted = messagesIn(descriptor, 'entries');
  return (
    wanted.length === found.length &&
    wanted.every((entry, index) => {
      const value = textIn(entry, 'value');
      const at = found[index];
      return textIn(entry, 'key') === at?.key && (value === null || value === at?.value);
    })
  );
}

const keyHeaders = 'x-meshwright-limit-';

export function sharedBy(entry: Pick<Entry, 'header' | 'value'> | undefined): RateLimit['sharedBy'] {
  if (entry === undefined || entry.header === null) return null;
  return { by: entry.header.slice(keyHeaders.length).replace(/^header-/, 'header '), value: entry.value };
}
