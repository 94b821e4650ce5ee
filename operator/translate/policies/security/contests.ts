// Who decides the mutual TLS mode where several SecurityPolicies want to: told to the losers.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { byText } from '../../facts/precedence.ts';
import { type Attachment, holdsAt, type SecurityAttachments } from './attach.ts';

interface MtlsContest {
  /** Equally specific policies took all there was to decide. */
  readonly isLoser: boolean;
  /** The older policies that decide where this one, equally specific, wants to. */
  readonly lostTo: readonly SecurityPolicy[];
  /** The more specific ones. */
  readonly overriddenBy: readonly SecurityPolicy[];
}

interface Tally {
  won: number;
  readonly lostTo: Set<SecurityPolicy>;
  readonly overriddenBy: Set<SecurityPolicy>;
}

interface MtlsContests {
  of(policy: SecurityPolicy): MtlsContest;
}

export function mtlsContests(attachments: SecurityAttachments): MtlsContests {
  const tallies = new Map<SecurityPolicy, Tally>();
  const tallyOf = (policy: SecurityPolicy): Tally => {
    const tally = tallies.get(policy) ?? { won: 0, lostTo: new Set(), overriddenBy: new Set() };
    tallies.set(policy, tally);
    return tally;
  };
  for (const attached of attachments.byWorkload.values()) {
    const wishes = attached.filter(({ policy }) => policy.spec.mtls !== undefined);
    if (wishes.length > 0) settleWorkload(wishes, tallyOf);
  }
  const sameTarget = contestsByTarget(attachments.policies);
  return { of: (policy) => contestOf(tallies.get(policy) ?? sameTarget(policy)) };
}

/** wishes: in the order of precedence, so that the first one that holds decides. */
function settleWorkload(wishes: readonly Attachment[], tallyOf: (policy: SecurityPolicy) => Tally): void {
  for (const wish of wishes) {
    const tally = tallyOf(wish.policy);
    for (const port of wish.ports ?? [null]) {
      const winner = wishes.find((other) => holdsAt(other, port)) ?? wish;
      if (winner.policy === wish.policy) tally.won += 1;
      else if (winner.level === wish.level) tally.lostTo.add(winner.policy);
      else tally.overriddenBy.add(winner.policy);
    }
  }
}

/** Where no workload tells yet: the oldest policy of those with the same target wins. policies: oldest first. */
function contestsByTarget(policies: readonly SecurityPolicy[]): (policy: SecurityPolicy) => Tally {
  const owners = new Map<string, SecurityPolicy>();
  for (const policy of policies) {
    if (policy.spec.mtls === undefined) continue;
    for (const target of targetsOf(policy)) if (!owners.has(target)) owners.set(target, policy);
  }
  return (policy) => {
    const winners =
      policy.spec.mtls === undefined ? [] : targetsOf(policy).flatMap((target) => owners.get(target) ?? []);
    const lostTo = new Set(winners.filter((winner) => winner !== policy));
    return { won: winners.includes(policy) ? 1 : 0, lostTo, overriddenBy: new Set() };
  };
}

function targetsOf({ metadata, spec }: SecurityPolicy): readonly string[] {
  return spec.targetRefs.map(({ kind, name }) => `${kind}/${metadata.namespace ?? ''}/${name}`);
}

function contestOf({ won, lostTo, overriddenBy }: Tally): MtlsContest {
  return {
    isLoser: lostTo.size > 0 && won === 0,
    lostTo: sorted(lostTo),
    overriddenBy: sorted(overriddenBy),
  };
}

function sorted(policies: ReadonlySet<SecurityPolicy>): readonly SecurityPolicy[] {
  return [...policies].toSorted(byText(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`));
}
