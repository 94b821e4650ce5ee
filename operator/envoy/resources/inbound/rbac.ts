// Who may do what on an HTTP port: authorization rules as Envoy's RBAC policies, named by the rules' ids so that a
// refusal's log names the rule. @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/rbac/v3/rbac.proto
import type { AuthorizationIr, CallerIr, RuleIr } from '../../../ir/inbound.ts';
import { auditPrefix, rulesPrefix } from '../rbac-metadata.ts';
import { any } from '../typed-config.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { Certainty } from './certainty.ts';
import { anybody, notId } from './identifiers.ts';
import { principal } from './rule-callers.ts';
import { permission } from './rule-requests.ts';

type Action = 'DENY' | 'ALLOW';

/** What a route says to the filter of deny rules; null: there are none. */
export function denyRules({ deny }: AuthorizationIr): EnvoyMessage | null {
  return deny.length === 0 ? null : routeRules('DENY', deny);
}

/** What a route says to the filter of allow rules; null: nobody needs one. */
export function allowRules({ allow }: AuthorizationIr): EnvoyMessage | null {
  return allow === 'all' ? null : routeRules('ALLOW', allow);
}

/** Of rules on trial: nobody is refused, and what the rule would have decided is in the metadata of the request. */
export function auditDenyRules({ deny }: AuthorizationIr): EnvoyMessage | null {
  return deny.length === 0 ? null : shadowRules('DENY', deny);
}

export function auditAllowRules({ allow }: AuthorizationIr): EnvoyMessage | null {
  return allow === 'all' ? null : shadowRules('ALLOW', allow);
}

/** The filters share a metadata namespace: without prefixes of their own one would overwrite the other's. */
function routeRules(action: Action, rules: readonly RuleIr[]): EnvoyMessage {
  return perRoute({
    rules: { action, policies: policies(action, rules) },
    rules_stat_prefix: rulesPrefix[action],
  });
}

function shadowRules(action: Action, rules: readonly RuleIr[]): EnvoyMessage {
  return perRoute({
    shadow_rules: { action, policies: policies(action, rules) },
    shadow_rules_stat_prefix: auditPrefix[action],
  });
}

/** Each rule has counters of its own, from the first request that it decides. */
function perRoute(rbac: EnvoyMessage): EnvoyMessage {
  return any('envoy.extensions.filters.http.rbac.v3.RBACPerRoute', {
    rbac: { ...rbac, track_per_rule_stats: true },
  });
}

function policies(action: Action, rules: readonly RuleIr[]): EnvoyMessage {
  const named = new Map<string, EnvoyMessage>();
  for (const rule of rules)
    named.set(named.has(rule.id) ? `${rule.id}#${named.size}` : rule.id, policy(action, rule));
  return Object.fromEntries(named);
}

function policy(action: Action, { callers, unidentified, requests }: RuleIr): EnvoyMessage {
  const certainty = certaintyOf[action];
  return {
    permissions:
      requests === 'any' ? [{ any: true }] : requests.map((request) => permission(request, certainty)),
    principals: callers === 'anyone' ? [anybody] : principals(callers, certainty, unidentified),
  };
}

const certaintyOf: Readonly<Record<Action, Certainty>> = { DENY: 'possibly', ALLOW: 'certainly' };

function principals(
  callers: readonly CallerIr[],
  certainty: Certainty,
  unidentified: boolean,
): readonly EnvoyMessage[] {
  return callers.length === 0
    ? [notId(anybody)]
    : callers.map((caller) => principal(caller, certainty, unidentified));
}
