// How much all policies together may say about one port. What they say is in the configuration of each pod, so it is bounded by port and not
// only by object: the operator and the sidecars carry a policy of the largest size, and not a hundred. Beyond the bounds the rules
// refuse more than they say, which is the safe side, and only the namespace of the policies is concerned.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import type { AuthorizationIr, RuleIr } from '../../../ir/inbound.ts';
import { rememberEach } from '../../../values/remember.ts';
import type { Protocol } from '../../facts/protocol.ts';
import { asksForRequest, type Rule } from './authorization.ts';
import { boundedDeny, deniedCallers, maxDeniedCallers } from './denied-connections.ts';

/**
 * Callers that the Allow rules of a TCP port list, in all. Each pod has a list of its own of whose connections go on: its endpoint
 * carries it, and that has the pod's address.
 */
export const maxAllowedCallers = 256;

/**
 * Characters of all rules of an HTTP port, each caller, method and path with `entryCharacters` besides its own: more than an API server
 * takes in one object. A request that all of them are compared with takes some 30 ms longer.
 */
export const maxRuleCharacters = 2 * 1024 * 1024;

/** What a sidecar gets for an entry besides its text. */
const entryCharacters = 64;

/** Bounds that the policies of a port exceed. */
export interface Exceeded {
  readonly deniedCallers: boolean;
  readonly allowedCallers: boolean;
  readonly ruleCharacters: boolean;
}

/** policies: all of one port, each once. */
export function exceeded(protocol: Protocol, policies: readonly SecurityPolicy[]): Exceeded {
  const isTcp = protocol === 'TCP';
  return {
    deniedCallers: isTcp && deniedCallers(policies).size > maxDeniedCallers,
    allowedCallers: isTcp && total(policies, allowedCallers) > maxAllowedCallers,
    ruleCharacters: !isTcp && total(policies, ruleCharacters) > maxRuleCharacters,
  };
}

export function boundedAuthorization(
  { deny, allow }: AuthorizationIr,
  protocol: Protocol,
  policies: readonly SecurityPolicy[],
): AuthorizationIr {
  const exceeds = exceeded(protocol, policies);
  if (exceeds.ruleCharacters) return { deny: [everybody], allow: 'all' };
  return {
    deny: exceeds.deniedCallers ? boundedDeny(deny) : deny,
    allow: exceeds.allowedCallers ? [] : allow,
  };
}

const everybody: RuleIr = {
  id: 'too-many-rules',
  callers: 'anyone',
  unidentified: true,
  requests: 'any',
};

const allowedCallers = rememberEach((policy: SecurityPolicy) =>
  rulesOf(policy)
    .filter((rule) => rule.action === 'Allow' && !asksForRequest(rule))
    .flatMap(({ from }) => from)
    .reduce((sum, { serviceAccounts, namespaces }) => sum + serviceAccounts.length + namespaces.length, 0),
);

const ruleCharacters = rememberEach((policy: SecurityPolicy) =>
  rulesOf(policy)
    .flatMap(({ from, to }) => [
      ...from.flatMap(({ serviceAccounts, namespaces }) => [...serviceAccounts, ...namespaces]),
      ...to.flatMap(({ methods, paths }) => [...methods, ...paths.map(({ value }) => value)]),
    ])
    .reduce((sum, text) => sum + text.length + entryCharacters, 0),
);

function rulesOf({ spec }: SecurityPolicy): readonly Rule[] {
  return spec.authorization?.rules ?? [];
}

function total(policies: readonly SecurityPolicy[], measure: (policy: SecurityPolicy) => number): number {
  return policies.reduce((sum, policy) => sum + measure(policy), 0);
}
