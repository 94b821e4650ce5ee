// Where the filters of rules write into the metadata of a request what they decided.
// @see https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/rbac_filter#dynamic-metadata

export const rbacNamespace = 'envoy.filters.http.rbac';

/** What keys begin with, of rules in force. */
export const rulesPrefix = { DENY: 'deny_', ALLOW: 'allow_' } as const;
/** Of rules on trial. */
export const auditPrefix = { DENY: 'audit_deny_', ALLOW: 'audit_allow_' } as const;

/** Of external authorizers: the last that was asked. */
export const externalPrefix = 'external_';

/** `denied` or `allowed`. */
export const engineResult = { enforced: 'enforced_engine_result', shadow: 'shadow_engine_result' } as const;
/** The id of the rule that matched; missing if none did. */
export const effectiveRule = {
  enforced: 'enforced_effective_policy_id',
  shadow: 'shadow_effective_policy_id',
} as const;

/** In formats of logs, counters and headers. */
export function rbacMetadata(key: string): string {
  return `%DYNAMIC_METADATA(${rbacNamespace}:${key})%`;
}
