// Conditions of a policy that others override, for all kinds of policy: a sentence for each winner.
import { type ConditionDraft, conditionType, reason } from '../../conditions/conditions.ts';
import { originKey } from '../../ir/origin.ts';
import { originOf } from '../facts/origins.ts';
import { whyFirst } from '../facts/precedence.ts';
import { listed, type Problem } from '../facts/verdicts.ts';
import type { Contestant, Defeat, Level, Outcome } from './contest.ts';

/** Winners that a message names. */
const mostNamed = 5;

/** The condition Overridden, for an object that lost something; none if it did not. */
export function overriddenCondition<P extends Contestant>(
  policy: P,
  outcome: Outcome<P> | undefined,
): readonly ConditionDraft[] {
  const [first, ...others] = problemsOf(policy, outcome);
  if (first === undefined) return [];
  const message = [first, ...others].map((problem) => problem.message).join(' ');
  return [{ type: conditionType.overridden, status: 'True', reason: first.reason, message }];
}

/** All that it lost something to, by originKey. */
export function winnersOf(outcome: Outcome<Contestant> | undefined): readonly string[] {
  const defeats = outcome?.defeats ?? [];
  if (defeats.length === 0) return nobody;
  return [...new Set(defeats.map(({ winner }) => originKey(originOf(winner))))];
}

const nobody: readonly never[] = [];

/** Why nothing of the object is in effect, if others decide all that it wants; else none. */
export function defeatProblems<P extends Contestant>(
  policy: P,
  outcome: Outcome<P> | undefined,
): readonly Problem[] {
  return outcome?.isInEffect === true ? [] : problemsOf(policy, outcome);
}

/** Conflicts first: there is something to do about them. */
function problemsOf<P extends Contestant>(policy: P, outcome: Outcome<P> | undefined): readonly Problem[] {
  const defeats = outcome?.defeats ?? [];
  const all = [
    ...defeats.filter(({ isSameLevel }) => isSameLevel).map((defeat) => conflict(policy, defeat)),
    ...defeats.filter(({ isSameLevel }) => !isSameLevel).map(override),
  ];
  const more = all.length - mostNamed;
  if (more <= 0) return all;
  const rest = {
    reason: all[0]?.reason ?? reason.overridden,
    message: `${more} more ${more === 1 ? 'policy does' : 'policies do'} the same.`,
  };
  return [...all.slice(0, mostNamed), rest];
}

function conflict<P extends Contestant>(policy: P, defeat: Defeat<P>): Problem {
  const { winner, slots, places } = defeat;
  return {
    reason: reason.conflicted,
    message: `${titleOf(winner)} already sets ${listed(slots)} for ${listed(places)} because ${whyFirst(winner, policy)}. Merge the two, or change the targets.`,
  };
}

function override<P extends Contestant>({ winner, level, slots, places }: Defeat<P>): Problem {
  return {
    reason: reason.overridden,
    message: `${titleOf(winner)} sets ${listed(slots)} for ${listed(places)} instead, because ${strength[level]}.`,
  };
}

/** Why a claim of this level is the stronger one. */
const strength: Readonly<Record<Level, string>> = {
  Mesh: 'it targets the Mesh',
  PortOfMesh: 'it names the port',
  Namespace: 'it targets the Namespace',
  PortOfNamespace: 'it targets the Namespace and names the port',
  Service: 'it targets the Service',
  PortOfService: 'it targets the Service and names the port',
  Workload: 'it targets the Deployment',
  PortOfWorkload: 'it targets the Deployment and names the port',
  Port: 'it targets the port',
  Route: 'all its routes set it',
  Consumer: 'it is a policy of their own namespace',
  ConsumerPort: 'it is a policy of their own namespace for the port',
  ConsumerRoute: 'all routes of a policy of their own namespace set it',
};

function titleOf({ kind, metadata }: Contestant): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}
