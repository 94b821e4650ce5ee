// Authorization rules in the mesh's own words: the union over the policies that hold.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import type { AuthorizationIr, RuleIr } from '../../../ir/inbound.ts';
import { byText } from '../../../values/compare-text.ts';
import { tokenDenials } from './authentication.ts';
import { callersOf } from './callers.ts';
import { boundedRules } from './large-expressions.ts';
import { type Place, requestsOf } from './requests.ts';
import type { Rule } from './rule.ts';

/** What one policy says at one place. trustDomain: of the mesh. */
export function policyRules(policy: SecurityPolicy, trustDomain: string, place: Place): AuthorizationIr {
  const rules = policy.spec.authorization?.rules ?? [];
  const ids = ruleIds(policy, rules);
  const usable = boundedRules(rules)
    .map(({ rule, matchesNothing }, index) => ({ rule, matchesNothing, id: ids[index] ?? rule.name }))
    .filter(({ matchesNothing }) => !matchesNothing);
  const build = (action: Rule['action']): readonly RuleIr[] =>
    usable
      .filter(({ rule }) => rule.action === action)
      .flatMap(({ rule, id }): readonly RuleIr[] => {
        const callers = callersOf(rule, policy, trustDomain, place.protocol);
        const requests = requestsOf(rule, place);
        if (callers === null || requests === null) return [];
        const unidentified = callers === 'anyone' || refusesUnidentified(rule, policy);
        return [{ id, callers, unidentified, requests }];
      });
  return {
    deny: [...build('Deny'), ...tokenDenials(policy, place)],
    allow: hasAllowList(policy) ? build('Allow') : 'all',
  };
}

export function unionOf(parts: readonly AuthorizationIr[]): AuthorizationIr {
  const allow = parts.flatMap((part) => (part.allow === 'all' ? [] : [part.allow]));
  return {
    deny: parts.flatMap((part) => part.deny).toSorted(byText((rule) => rule.id)),
    allow: allow.length === 0 ? 'all' : allow.flat().toSorted(byText((rule) => rule.id)),
  };
}

/** Whom no rule can name is refused like those who are named: else they would only have to come without a certificate. */
function refusesUnidentified({ action }: Rule, { spec }: SecurityPolicy): boolean {
  return action === 'Deny' && spec.authorization?.unidentified === 'Deny';
}

/** No rules at all refuse everything; only Deny rules leave all else allowed. */
export function hasAllowList(policy: SecurityPolicy): boolean {
  const rules = policy.spec.authorization?.rules;
  return rules !== undefined && (rules.length === 0 || rules.some((rule) => rule.action === 'Allow'));
}

/** namespace/policy/rule; a name used twice gets its index, so that an id is one rule. */
function ruleIds(policy: SecurityPolicy, rules: readonly Rule[]): readonly string[] {
  const seen = new Set<string>();
  return rules.map((rule, index) => {
    const name = seen.has(rule.name) ? `${rule.name}#${index}` : rule.name;
    seen.add(rule.name);
    return `${policy.metadata.namespace ?? ''}/${policy.metadata.name}/${name}`;
  });
}
