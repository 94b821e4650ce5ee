// Who decides the mutual TLS mode where several SecurityPolicies want to, and what became of each of them.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { append } from '../../../values/labels.ts';
import { type Claim, decide, type Decisions, type Outcome, outcomesOf } from '../contest.ts';
import { type Attachment, holdsAt, type SecurityAttachments } from './attach.ts';
import { levelOf, targetsOf } from './targets.ts';

type Place = readonly [place: string, decisions: Decisions<SecurityPolicy>];
type MtlsClaim = Claim<SecurityPolicy>;

const slot = 'mtls.mode';
/** Pods and their ports are too many to be named. */
const place = 'the same ports';

/** Of the policies that have a mutual TLS mode. */
export function mtlsOutcomes({
  byWorkload,
  policies,
}: SecurityAttachments): ReadonlyMap<SecurityPolicy, Outcome<SecurityPolicy>> {
  const wishes = policies.filter(({ spec }) => spec.mtls !== undefined);
  if (wishes.length === 0) return new Map();
  const byWorkloads = outcomesOf([...byWorkload.values()].flatMap(placesOf));
  return new Map([...outcomesOf(placesByTarget(wishes)), ...byWorkloads]);
}

/** A workload has a place for each port that a policy names, and one for all others. attached: as in byWorkload. */
function placesOf(attached: readonly Attachment[]): readonly Place[] {
  const wishes = attached.filter(({ policy }) => policy.spec.mtls !== undefined);
  const ports = new Set<number | null>(wishes.flatMap((wish) => [...(wish.ports ?? [null])]));
  return [...ports].map((port) => {
    const claims = wishes.filter((wish) => holdsAt(wish, port)).map(claimOf);
    return [place, decide(claims)];
  });
}

function claimOf({ policy, level }: Pick<Attachment, 'policy' | 'level'>): MtlsClaim {
  return { slot, level, policy };
}

/** Where no workload tells yet. policies: oldest first. */
function placesByTarget(policies: readonly SecurityPolicy[]): readonly Place[] {
  const byTarget = new Map<string, MtlsClaim[]>();
  for (const policy of policies) {
    for (const { kind, name } of targetsOf(policy)) {
      const target = `${kind}/${policy.metadata.namespace ?? ''}/${name}`;
      append(byTarget, target, claimOf({ policy, level: levelOf[kind] }));
    }
  }
  return [...byTarget.values()].map((claims) => [place, decide(claims)]);
}
