// What translation says of each TrafficPolicy.
import type { TrafficPolicy } from '../../../../api/v1alpha1/traffic/policy.ts';
import { type ConditionDraft, reason, type Verdict } from '../../../conditions/conditions.ts';
import { append } from '../../../values/labels.ts';
import { originOf } from '../../facts/origins.ts';
import { acceptedCondition, listed, type Problem, resolvedRefsCondition } from '../../facts/verdicts.ts';
import type { Claim, PolicyTargets, TrafficAttachments } from './attach.ts';
import { routeName } from './routes.ts';

export function trafficVerdicts(attachments: TrafficAttachments): readonly Verdict[] {
  return [...attachments.byPolicy].map(([policy, targets]) => ({
    origin: originOf(policy),
    conditions: [accepted(policy, targets, attachments), resolvedRefsCondition(undeclaredSubsets(policy))],
  }));
}

/** How a policy fared: keys of service ports, by the name of the policy that took them. */
interface Outcome {
  readonly won: readonly string[];
  /** To an equally specific one. */
  readonly lost: ReadonlyMap<string, readonly string[]>;
  readonly overridden: ReadonlyMap<string, readonly string[]>;
}

function outcomeOf(policy: TrafficPolicy, claims: readonly Claim[], { byPort }: TrafficAttachments): Outcome {
  const won: string[] = [];
  const lost = new Map<string, string[]>();
  const overridden = new Map<string, string[]>();
  for (const claim of claims) {
    const winner = byPort.get(claim.port)?.[0] ?? claim;
    if (winner.policy === policy) won.push(claim.port);
    else append(isMoreSpecific(winner, claim) ? overridden : lost, nameOf(winner.policy), claim.port);
  }
  return { won, lost, overridden };
}

function accepted(
  policy: TrafficPolicy,
  targets: PolicyTargets,
  attachments: TrafficAttachments,
): ConditionDraft {
  const { won, lost, overridden } = outcomeOf(policy, targets.claims, attachments);
  const conflicts = [...lost].map(([name, ports]) => conflict(name, ports));
  // What an object still has makes it accepted; that it is not alone is a note.
  const isLoser = won.length === 0;
  const problems = isLoser ? [...targets.problems, ...conflicts] : targets.problems;
  const notes = [
    ...(isLoser ? [] : conflicts.map(({ message }) => message)),
    ...[...overridden].map(
      ([name, ports]) => `For ${listed(ports)} TrafficPolicy ${name} is in force instead: it names the port.`,
    ),
    ...leftOutNotes(targets),
    ...(problems.length > 0 && !isLoser ? [`It is in force for ${listed(won)}.`] : []),
  ];
  return acceptedCondition(problems, notes);
}

function leftOutNotes({ leftOut }: PolicyTargets): readonly string[] {
  if (leftOut.length === 0) return [];
  const ports = listed(leftOut.map(({ key }) => key));
  return [
    `Routes have no effect on ${ports}, which is TCP: set appProtocol: http on the port of the Service if it speaks HTTP.`,
  ];
}

function isMoreSpecific(winner: Claim, loser: Claim): boolean {
  return winner.isSpecific && !loser.isSpecific;
}

function conflict(winner: string, ports: readonly string[]): Problem {
  const message = `For ${listed(ports)} TrafficPolicy ${winner} is in force, the older one (of the same age, the first by name): put both into one policy, or target other ports.`;
  return { reason: reason.conflicted, message };
}

function undeclaredSubsets(policy: TrafficPolicy): readonly string[] {
  const declared = new Set(policy.spec.subsets.map(({ name }) => name));
  return policy.spec.routes.flatMap((route, index) => {
    const named = new Set(route.backends.flatMap(({ subset }) => subset ?? []));
    const missing = [...named].filter((subset) => !declared.has(subset));
    if (missing.length === 0) return [];
    const name = routeName(policy, route, index);
    const hasOther = route.backends.some(
      ({ subset, weight }) => weight > 0 && (subset === undefined || declared.has(subset)),
    );
    const effect = hasOther ? 'its other backends take its share' : 'it answers 503';
    return missing.map(
      (subset) =>
        `Route ${name} names subset ${subset}, which is not declared, so ${effect}: declare it in subsets, or correct the name.`,
    );
  });
}

function nameOf({ metadata }: TrafficPolicy): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
