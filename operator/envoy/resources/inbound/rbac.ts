// Who may do what on an HTTP port: authorization rules as Envoy's RBAC policies, named by the rules' ids so that a
// refusal's log names the rule. @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/rbac/v3/rbac.proto
import type { AuthorizationIr, CallerIr, RequestIr, RuleIr } from '../../../ir/inbound.ts';
import { quote } from '../complement-regex.ts';
import { anyTrustDomain, pathOf } from '../spiffe.ts';
import { any } from '../typed-config.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { anyReading, everyReading } from './request-path.ts';

type Action = 'DENY' | 'ALLOW';

/** What a route says to the filter of deny rules; null: there are none. */
export function denyRules({ deny }: AuthorizationIr): EnvoyMessage | null {
  return deny.length === 0 ? null : routeRules('DENY', deny);
}

/** What a route says to the filter of allow rules; null: nobody needs one. */
export function allowRules({ allow }: AuthorizationIr): EnvoyMessage | null {
  return allow === 'all' ? null : routeRules('ALLOW', allow);
}

/** The two filters share a metadata namespace: without prefixes of their own one would overwrite the other's. */
function routeRules(action: Action, rules: readonly RuleIr[]): EnvoyMessage {
  return any('envoy.extensions.filters.http.rbac.v3.RBACPerRoute', {
    rbac: {
      rules: { action, policies: policies(action, rules) },
      rules_stat_prefix: `${action.toLowerCase()}_`,
    },
  });
}

function policies(action: Action, rules: readonly RuleIr[]): EnvoyMessage {
  const named = new Map<string, EnvoyMessage>();
  for (const rule of rules)
    named.set(named.has(rule.id) ? `${rule.id}#${named.size}` : rule.id, policy(action, rule));
  return Object.fromEntries(named);
}

function policy(action: Action, { callers, unidentified, requests }: RuleIr): EnvoyMessage {
  return {
    permissions:
      requests === 'any' ? [{ any: true }] : requests.map((request) => permission(action, request)),
    principals:
      callers === 'anyone'
        ? [{ any: true }]
        : [...callers.map((caller) => principal(action, caller)), ...(unidentified ? [withoutIdentity] : [])],
  };
}

/** Without a name `authenticated` matches every caller that showed a certificate. */
const withoutIdentity = { not_id: { authenticated: {} } };

/** Needs a verified client certificate: without one, `authenticated` never matches. */
function principal(action: Action, caller: CallerIr): EnvoyMessage {
  const names = action === 'DENY' ? inAnyTrustDomain(caller) : asNamed(caller);
  if (names.length === 0) return { not_id: { any: true } };
  return { or_ids: { ids: names.map((name) => ({ authenticated: { principal_name: name } })) } };
}

function asNamed({ spiffeIds, spiffePrefixes }: CallerIr): readonly EnvoyMessage[] {
  return [...spiffeIds.map((exact) => ({ exact })), ...spiffePrefixes.map((prefix) => ({ prefix }))];
}

/** After a change of the Mesh's trust domain, certificates of the former one are valid until they expire. */
function inAnyTrustDomain({ spiffeIds, spiffePrefixes }: CallerIr): readonly EnvoyMessage[] {
  return [
    ...spiffeIds.map((id) => ({ suffix: pathOf(id) })),
    ...spiffePrefixes.map((prefix) => ({
      safe_regex: { regex: `${anyTrustDomain}${quote(pathOf(prefix))}.*` },
    })),
  ];
}

function permission(action: Action, { methods, paths }: RequestIr): EnvoyMessage {
  const parts = [
    ...(methods === 'any' ? [] : [anyOf(methods.map((one) => method(action, one)))]),
    ...(paths === 'any' ? [] : [action === 'DENY' ? anyReading(paths) : everyReading(paths)]),
  ];
  return parts.length === 0 ? { any: true } : { and_rules: { rules: parts } };
}

function anyOf(rules: readonly EnvoyMessage[]): EnvoyMessage {
  return { or_rules: { rules } };
}

/** Some applications take `get` for GET: what is denied is denied in any letter case. */
function method(action: Action, exact: string): EnvoyMessage {
  const match = action === 'DENY' ? { exact, ignore_case: true } : { exact };
  return { header: { name: ':method', string_match: match } };
}
