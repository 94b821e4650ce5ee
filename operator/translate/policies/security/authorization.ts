// Authorization rules in the mesh's own words: the union over the policies that hold.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import type { AuthorizationIr, RuleIr, RulePathIr } from '../../../ir/inbound.ts';
import { byText } from '../../../values/compare-text.ts';
import type { Protocol } from '../../facts/protocol.ts';
import { identityOf, namespacePrefix } from '../../facts/identity.ts';
import { boundedRules } from './large-expressions.ts';
import { translatePath } from '../path-match.ts';

export type Rule = NonNullable<SecurityPolicy['spec']['authorization']>['rules'][number];

/** What one policy says, by the protocol of the port it says it for. */
type PolicyRules = Readonly<Record<Protocol, AuthorizationIr>>;

export function policyRules(policy: SecurityPolicy, trustDomain: string): PolicyRules {
  const rules = policy.spec.authorization?.rules ?? [];
  const ids = ruleIds(policy, rules);
  const usable = boundedRules(rules)
    .map(({ rule, matchesNothing }, index) => ({ rule, matchesNothing, id: ids[index] ?? rule.name }))
    .filter(({ rule, matchesNothing }) => !matchesNothing && !namesNobody(rule));
  const build = (action: Rule['action'], protocol: Protocol): readonly RuleIr[] =>
    usable
      .filter(({ rule }) => rule.action === action)
      // A connection has no method and no path: an Allow rule that asks for one cannot match ...
      .filter(({ rule }) => protocol === 'HTTP' || action === 'Deny' || !asksForRequest(rule))
      .map(({ rule, id }) => ({
        id,
        callers: callersOf(rule, policy, trustDomain),
        unidentified: rule.from.length === 0 || refusesUnidentified(rule, policy),
        requests: protocol === 'HTTP' ? requestsOf(rule) : 'any',
      }));
  const side = (protocol: Protocol): AuthorizationIr => ({
    // ... and a Deny rule refuses without looking at it: refusing too much is the safe side.
    deny: build('Deny', protocol),
    allow: hasAllowList(policy) ? build('Allow', protocol) : 'all',
  });
  return { HTTP: side('HTTP'), TCP: side('TCP') };
}

export function unionOf(parts: readonly AuthorizationIr[]): AuthorizationIr {
  const allow = parts.flatMap((part) => (part.allow === 'all' ? [] : [part.allow]));
  return {
    deny: parts.flatMap((part) => part.deny).toSorted(byText((rule) => rule.id)),
    allow: allow.length === 0 ? 'all' : allow.flat().toSorted(byText((rule) => rule.id)),
  };
}

/** Whether a rule depends on the method or path of a request. */
export function asksForRequest(rule: Rule): boolean {
  return requestsOf(rule) !== 'any';
}

/** Whom no rule can name is refused like those who are named: else they would only have to come without a certificate. */
function refusesUnidentified({ action }: Rule, { spec }: SecurityPolicy): boolean {
  return action === 'Deny' && spec.authorization?.unidentified === 'Deny';
}

/** `from` has entries, but they name nobody. */
function namesNobody(rule: Rule): boolean {
  return rule.from.length > 0 && rule.from.every(isEmptySource);
}

export function isEmptySource(source: Rule['from'][number]): boolean {
  return source.serviceAccounts.length === 0 && source.namespaces.length === 0;
}

/** No rules at all refuse everything; only Deny rules leave all else allowed. */
function hasAllowList(policy: SecurityPolicy): boolean {
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

function callersOf(rule: Rule, policy: SecurityPolicy, trustDomain: string): RuleIr['callers'] {
  if (rule.from.length === 0) return 'anyone';
  return rule.from
    .filter((source) => !isEmptySource(source))
    .map((source) => ({
      spiffeIds: sortedUnique(
        source.serviceAccounts.map((account) => spiffeIdOf(account, policy, trustDomain)),
      ),
      spiffePrefixes: sortedUnique(
        source.namespaces.map((namespace) => namespacePrefix(trustDomain, namespace)),
      ),
    }));
}

/** `namespace/name`; without a namespace: that of the policy. */
function spiffeIdOf(account: string, policy: SecurityPolicy, trustDomain: string): string {
  const slash = account.indexOf('/');
  const namespace = slash === -1 ? (policy.metadata.namespace ?? '') : account.slice(0, slash);
  return identityOf(trustDomain, namespace, account.slice(slash + 1)).spiffeId;
}

function requestsOf(rule: Rule): RuleIr['requests'] {
  const isAny = rule.to.some(({ methods, paths }) => methods.length === 0 && paths.length === 0);
  if (rule.to.length === 0 || isAny) return 'any';
  return rule.to.map(({ methods, paths }) => ({
    methods: methods.length === 0 ? 'any' : sortedUnique(methods),
    paths: paths.length === 0 ? 'any' : translatePaths(paths),
  }));
}

/** Sorted, each once. */
function translatePaths(paths: readonly RulePathIr[]): readonly RulePathIr[] {
  const unique = new Map(paths.map(translateRulePath).map((path) => [pathKey(path), path]));
  return [...unique.values()].toSorted(byText(pathKey));
}

function translateRulePath(path: RulePathIr): RulePathIr {
  return { ...translatePath(path), ignoreCase: path.ignoreCase };
}

function pathKey({ type, value, ignoreCase }: RulePathIr): string {
  return `${type} ${value} ${ignoreCase}`;
}

function sortedUnique(items: readonly string[]): readonly string[] {
  return [...new Set(items)].toSorted(byText((item) => item));
}
