// What translation says of each SecurityPolicy.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import type { Verdict } from '../../../conditions/conditions.ts';
import { originOf } from '../../facts/origins.ts';
import { acceptedCondition, resolvedRefsCondition, warningCondition } from '../../facts/verdicts.ts';
import { defeatProblems, overriddenCondition, winnersOf } from '../losses.ts';
import type { SecurityAttachments } from './attach.ts';
import { authorizerProblems, authorizerWarnings, sparedNotes } from './authorizer-notes.ts';
import type { AuthorizerState } from './authorizer-state.ts';
import { mtlsOutcomes } from './contests.ts';
import { loginCondition, loginWinners } from './login-notes.ts';
import type { Logins } from './login.ts';
import { keySourcesOf } from './key-sources.ts';
import { expressionProblems } from './large-expressions.ts';
import { keptNotes } from './pod-records.ts';
import { portWarnings } from './port-warnings.ts';
import { portsReached, ruleNotes } from './rule-notes.ts';
import { keyProblems, sourceProblems } from './token-notes.ts';
import { openPorts, unidentifiedNotes } from './unidentified.ts';

/** What there is to say of the targets of policies. */
export interface AboutTargets {
  /** Keys of workloads. */
  readonly unmeshed: ReadonlyMap<SecurityPolicy, readonly string[]>;
  /** Ports of mtls.ports. */
  readonly undeclared: ReadonlyMap<SecurityPolicy, readonly number[]>;
}

/** What policies refer to, and how it is. */
export interface ReferredTo {
  readonly state: AuthorizerState;
  readonly logins: Logins;
}

export function securityVerdicts(
  attachments: SecurityAttachments,
  workloads: readonly WorkloadIr[],
  { unmeshed, undeclared }: AboutTargets,
  { state, logins }: ReferredTo,
): readonly Verdict[] {
  const outcomes = mtlsOutcomes(attachments);
  const reached = portsReached(attachments, workloads);
  const open = openPorts(attachments, workloads);
  const winners = loginWinners(attachments, logins);
  const authorizers = state.found;
  const spared = sparedNotes(attachments, authorizers);
  const { beyond } = keySourcesOf(attachments.policies);
  return attachments.policies.map((policy) => {
    const outcome = outcomes.get(policy);
    const problems = [
      ...(attachments.problems.get(policy) ?? []),
      ...expressionProblems(policy),
      ...keyProblems(policy),
      ...sourceProblems(beyond.get(policy) ?? []),
      // Rules and requirements add up: nobody takes them away.
      ...(addsUp(policy) ? [] : defeatProblems(policy, outcome)),
    ];
    return {
      origin: originOf(policy),
      conditions: [
        acceptedCondition(problems, [
          ...ruleNotes(policy, reached.get(policy) ?? []),
          ...unidentifiedNotes(policy, open),
          ...(spared.get(policy) ?? []),
          ...keptNotes(attachments.kept.get(policy), policy.metadata.namespace),
        ]),
        resolvedRefsCondition(authorizerProblems(policy, authorizers)),
        ...overriddenCondition(policy, outcome),
        ...warningCondition([
          ...portWarnings(undeclared.get(policy)),
          ...authorizerWarnings(policy, authorizers.get(policy), state),
        ]),
        ...loginCondition(policy, logins, winners),
      ],
      unmeshed: unmeshed.get(policy) ?? [],
      overriddenBy: winnersOf(outcome),
    };
  });
}

function addsUp({ spec }: SecurityPolicy): boolean {
  return spec.authentication !== undefined || spec.authorization !== undefined;
}
