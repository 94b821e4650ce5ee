// Whom policies on trial would refuse: worked out every half minute by the operator that leads, and when policies begin or end their trial.
import type { SecurityPolicy } from '../../api/v1alpha1/security/policy.ts';
import { Audits } from '../telemetry/audits.ts';
import type { TrialPolicy } from '../telemetry/trials.ts';
import { hasAllowList } from '../translate/policies/security/authorization.ts';
import { isOnTrial } from '../translate/policies/security/trial.ts';
import { isSameValue } from '../values/same-value.ts';
import type { Context, Made, Reads, Writes } from './part.ts';

type Cells = Reads<'resources' | 'translation' | 'observations'> & Writes<'auditReports'>;

export interface AuditContext extends Pick<Context, 'clock'> {
  readonly metrics: Pick<Context['metrics'], 'auditRefused'>;
}

/** A status with counts is written that often at most, in milliseconds. */
const everyMs = 30_000;

export function createAudit(
  { resources, translation, observations, auditReports }: Cells,
  { clock, metrics }: AuditContext,
): Required<Pick<Made, 'leaderCallbacks'>> {
  let audits = new Audits();
  let cancel: (() => void) | null = null;
  const policies = (): readonly SecurityPolicy[] => resources.get()?.securityPolicies ?? [];
  const look = (): void => {
    const onTrial = trialPolicies(policies());
    if (onTrial.length === 0 && audits.knows([]) && auditReports.get().length === 0) return;
    const present = {
      onTrial,
      policies: new Set(policies().map(nameOf)),
      ir: translation.get().ir,
      pods: resources.get()?.pods ?? [],
      observations: observations.get(),
      nowMs: clock.now(),
    };
    const reports = audits.look(present, metrics.auditRefused);
    if (!isSameValue(reports, auditReports.get())) auditReports.set(reports);
  };
  const lookOn = (): void => {
    look();
    cancel = clock.after(everyMs, lookOn);
  };
  translation.subscribe(() => {
    if (cancel !== null && !audits.knows(trialPolicies(policies()))) look();
  });
  return {
    leaderCallbacks: {
      onStartedLeading: lookOn,
      onStoppedLeading: () => {
        cancel?.();
        cancel = null;
        audits = new Audits();
        auditReports.set([]);
        return Promise.resolve();
      },
    },
  };
}

function trialPolicies(policies: readonly SecurityPolicy[]): readonly TrialPolicy[] {
  return policies.filter(isOnTrial).map((policy) => ({
    policy: nameOf(policy),
    generation: policy.metadata.generation ?? 0,
    hasAllowList: hasAllowList(policy),
  }));
}

function nameOf({ metadata: { namespace = '', name } }: SecurityPolicy): string {
  return `${namespace}/${name}`;
}
