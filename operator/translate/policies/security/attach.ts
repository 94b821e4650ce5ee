// Which SecurityPolicies hold for which workloads and ports.
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import { reason } from '../../../conditions/conditions.ts';
import { append } from '../../../values/labels.ts';
import { compareAge } from '../../facts/precedence.ts';
import type { ServiceViews } from '../../facts/service-view.ts';
import type { Problem } from '../../facts/verdicts.ts';
import { guardKey, type Reached, recordedGuards, withRecorded } from './kept-guards.ts';
import type { WorkloadIndex } from '../../facts/workload.ts';
import { compareLevels } from '../contest.ts';
import {
  findTarget,
  levelOf,
  type Surroundings,
  type Target,
  type TargetLevel,
  targetsOf,
} from './targets.ts';

export interface Attachment {
  readonly policy: SecurityPolicy;
  readonly level: TargetLevel;
  readonly target: Target;
  /** null: all ports. */
  readonly ports: ReadonlySet<number> | null;
}

export interface SecurityAttachments {
  /** Workload key → in the order of precedence: the stronger level, then older, then namespace and name. */
  readonly byWorkload: ReadonlyMap<string, readonly Attachment[]>;
  /** Targets that do not exist. */
  readonly problems: ReadonlyMap<SecurityPolicy, readonly Problem[]>;
  /** Pods that targets no longer lead to. */
  readonly kept: ReadonlyMap<SecurityPolicy, readonly Kept[]>;
  /** Oldest first. */
  readonly policies: readonly SecurityPolicy[];
}

export interface Kept {
  readonly target: Target;
  /** Sorted, as `namespace/name`. */
  readonly pods: readonly string[];
}

/** The same for every mesh without SecurityPolicies, so that nothing behind it looks new. */
const noAttachments: SecurityAttachments = {
  byWorkload: new Map(),
  problems: new Map(),
  kept: new Map(),
  policies: [],
};

export function attachSecurity(
  policies: readonly SecurityPolicy[],
  surroundings: Surroundings,
  services: ServiceViews,
  workloads: WorkloadIndex,
): SecurityAttachments {
  if (policies.length === 0) return noAttachments;
  const byWorkload = new Map<string, Attachment[]>();
  const problems = new Map<SecurityPolicy, Problem[]>();
  const kept = new Map<SecurityPolicy, readonly Kept[]>();
  const recorded = recordedGuards(workloads);
  const oldestFirst = policies.toSorted(compareAge);

  for (const policy of oldestFirst) {
    const missing: Problem[] = [];
    for (const target of targetsOf(policy)) {
      const found = findTarget[target.kind](policy, target.name, { services, workloads, surroundings });
      const reached = 'reached' in found ? found.reached : undefined;
      if ('problem' in found) missing.push(found.problem);
      else if (isUnserved(found.reached)) missing.push(notServed(policy, target));
      const { all, left } = withRecorded(reached, recorded.get(guardKey(policy, target)));
      if (left.length > 0) kept.set(policy, [...(kept.get(policy) ?? []), { target, pods: left }]);
      for (const [workload, ports] of all) {
        append(byWorkload, workload, { policy, level: levelOf[target.kind], target, ports });
      }
    }
    problems.set(policy, missing);
  }
  // Sorting is stable: within a level the older stays first.
  for (const attached of byWorkload.values()) attached.sort((a, b) => compareLevels(b.level, a.level));
  return { byWorkload, problems, kept, policies: oldestFirst };
}

/** Whether it holds at a port; port null: at the ports that no Service names. */
export function holdsAt(attachment: Pick<Attachment, 'ports'>, port: number | null): boolean {
  return attachment.ports === null || (port !== null && attachment.ports.has(port));
}

/** It is about workloads, and about none of their ports. */
function isUnserved(reached: Reached): boolean {
  return reached.size > 0 && [...reached.values()].every((ports) => ports?.size === 0);
}

function notServed({ metadata }: SecurityPolicy, { name }: Target): Problem {
  return {
    reason: reason.targetNotFound,
    message: `No workload of Service ${metadata.namespace ?? ''}/${name} has the port that targetPort names. Fix targetPort of the Service.`,
  };
}
