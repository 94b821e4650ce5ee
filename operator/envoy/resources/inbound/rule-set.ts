// Permissions of Envoy's RBAC, put together.
import type { EnvoyMessage } from '../../proto/envoy-message.ts';

export function notRule(rule: EnvoyMessage): EnvoyMessage {
  return { not_rule: rule };
}

export function anyRule(rules: readonly EnvoyMessage[]): EnvoyMessage {
  return { or_rules: { rules } };
}

/** Of no permissions: everything. */
export function allRules(rules: readonly EnvoyMessage[]): EnvoyMessage {
  return rules.length === 0 ? { any: true } : { and_rules: { rules } };
}
