// What quotas need beside their filters, as a Lua script for Envoy: keys of which there are not too many, and when a request that is refused
// may come again: when a fixed window ends. How long it is the response says.
import type { QuotaIr } from '../../../ir/inbound.ts';
import { extension, type NamedExtension } from '../typed-config.ts';
import { keyHeader } from './rate-limits.ts';

/** Keys that a worker of a sidecar tells apart, of all quotas of a port. Each is a bucket, which Envoy itself would keep for ever. */
const mostKeys = 1_000;
/** The key of all others. */
export const otherKey = '~other';
/** Then they are told apart anew. */
const forgetAfterSeconds = 3_600;

/** Under which a quota finds its key. */
export function quotaKeyHeader(key: Exclude<QuotaIr['per'], 'All'>): string {
  return keyHeader(key).replace('-limit-', '-quota-');
}

/**
 * What the script made of a value, read again. A byte that is no UTF-8 stays as it is written, and so does what a sidecar wrote that has
 * the script of an earlier version.
 */
export function readQuotaKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** At most one filter. */
export function quotaScript(quotas: readonly QuotaIr[]): readonly NamedExtension[] {
  if (quotas.length === 0) return [];
  return [
    extension('quota-keys', 'envoy.extensions.filters.http.lua.v3.Lua', {
      clear_route_cache: false,
      default_source_code: { inline_string: scriptOf(quotas) },
    }),
  ];
}

/** A bucket is named by a string of a protobuf message, which holds no bytes that are no UTF-8: keys are ASCII, and no two values have the same. */
function scriptOf(quotas: readonly QuotaIr[]): string {
  const pers = quotas.flatMap(({ per }) => (per === 'All' ? [] : [per]));
  const headers = new Map(pers.map((per) => [keyHeader(per), quotaKeyHeader(per)]));
  const copied = [...headers].map(([from, to]) => `  fold(headers, "${from}", "${to}", now)`);
  return `local known, count, since = {}, 0, 0
local function fold(headers, from, to, now)
  local value = headers:get(from)
  if value == nil then return end
  value = value:gsub("[%%\\128-\\255]", function(c) return string.format("%%%02X", c:byte()) end)
  if now - since >= ${forgetAfterSeconds} then known, count, since = {}, 0, now end
  if not known[value] then
    if count >= ${mostKeys} then
      value = "${otherKey}"
    else
      known[value], count = true, count + 1
    end
  end
  headers:replace(to, value)
end
function envoy_on_request(handle)
  local headers, now = handle:headers(), os.time()
${copied.join('\n')}
end
function envoy_on_response(handle)
  local headers = handle:headers()
  local refused = headers:get("x-meshwright-refused")
  if refused == nil or refused:sub(1, 6) ~= "quota/" or headers:get("retry-after") ~= nil then return end
  local period = tonumber((headers:get("x-ratelimit-limit") or ""):match(";w=(%d+)$"))
  if period == nil then return end
  local seconds = tostring(period - os.time() % period)
  headers:replace("retry-after", seconds)
  headers:replace("x-ratelimit-reset", seconds)
end
`;
}
