// Who adds sidecars, and why: a condition of the Mesh. Pure.
import { type ConditionDraft, conditionType, reason } from '../conditions/conditions.ts';
import type { InjectionReport } from '../conditions/injection-report.ts';

/** undefined: it is not known yet. */
export function injectionReadyOf(report: InjectionReport): ConditionDraft | undefined {
  const { way, doubt } = report;
  const type = conditionType.injectionReady;
  if (doubt !== '') return { type, ...ofDoubt(report) };
  if (way === null) return undefined;
  return { type, ...(way === 'Policy' ? ofPolicy(report) : ofTemplates(report)) };
}

type Told = Omit<ConditionDraft, 'type'>;

function ofDoubt({ way, doubt }: InjectionReport): Told {
  const meanwhile = {
    Policy: 'it expects that the API server adds sidecars to pods, as before',
    Template: 'it adds sidecars to pod templates, as before',
    none: 'it changes no pods and no pod templates',
  }[way ?? 'none'];
  const message = `Meshwright cannot check or write the injection policy. Until it can, ${meanwhile}. ${reported(doubt)}`;
  return { status: 'False', reason: reason.policyNotRun, message };
}

function ofPolicy({ refusal }: InjectionReport): Told {
  const adds = 'The API server adds sidecars to pods when they are created; pod templates stay as they are.';
  if (refusal === '') return { status: 'True', reason: reason.policy, message: adds };
  const message = `The API server rejected the present injection policy, and adds the sidecars of the last one that it accepted. ${reported(refusal)}`;
  return { status: 'False', reason: reason.policyRejected, message };
}

function ofTemplates({ support, refusal }: InjectionReport): Told {
  const adds = 'Meshwright adds sidecars to pod templates, because';
  if (support === 'NotRun')
    return {
      status: 'False',
      reason: reason.policyNotRun,
      message: `${adds} the API server did not run the MutatingAdmissionPolicy check.meshwright.dev. Apply deploy/injection-policy.yaml of this version of Meshwright, and check that no API server disables MutatingAdmissionPolicy (--feature-gates, --disable-admission-plugins).`,
    };
  if (refusal !== '')
    return {
      status: 'False',
      reason: reason.policyRejected,
      message: `${adds} the API server rejected the injection policy. ${reported(refusal)}`,
    };
  return { status: 'True', reason: reason.template, message: `${adds} ${whyTemplates[support ?? 'Bound']}` };
}

function reported(refusal: string): string {
  const advice = refusal.includes('forbidden')
    ? ' Apply deploy/injection-policy.yaml again, which grants the permission.'
    : '';
  return `It reported: ${refusal}${advice}`;
}

const whyTemplates = {
  NotServed: 'the API server has no MutatingAdmissionPolicies. Kubernetes 1.36 and later have.',
  NotBound:
    'the MutatingAdmissionPolicyBinding sidecar.meshwright.dev is not installed. To have the API server add sidecars, to Jobs and bare pods as well, apply deploy/injection-policy.yaml.',
  Bound: 'there is no injection policy. See the condition CertificatesDelivered.',
} as const;
