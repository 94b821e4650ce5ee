// Whether the workloads of the mesh have their sidecars: a condition of the Mesh. Pure.
import { isTrouble, troubleOf, type WorkloadReport } from '../conditions/workload-report.ts';
import { type ConditionDraft, conditionType, reason } from '../conditions/conditions.ts';

export function injectedOf(report: WorkloadReport): ConditionDraft {
  const { injected, pending, refused } = report;
  const type = conditionType.injected;
  const all = injected + pending + refused;
  const trouble = troubleOf(report);
  const progress = `${injected} of ${all} ${all === 1 ? 'workload has' : 'workloads have'} the sidecar as it should be.`;
  const message = trouble === '' ? progress : `${progress} ${trouble}`;
  if (injected === all) return { type, status: 'True', reason: reason.injected, message };
  if (report.details.some(isTrouble))
    return { type, status: 'False', reason: reason.workloadTrouble, message };
  return {
    type,
    status: 'False',
    reason: reason.pending,
    message: `${message} Wait: workloads are rolled a few at a time.`,
  };
}
