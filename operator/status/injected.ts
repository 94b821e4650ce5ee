// Whether the workloads of the mesh have their sidecars: a condition of the Mesh. Pure.
import { isTrouble, troubleOf, type WorkloadReport } from '../conditions/workload-report.ts';
import { type ConditionDraft, conditionType, reason } from '../conditions/conditions.ts';
import type { AbsentWorkload } from './absent.ts';
import { listedUpTo } from './programmed-messages.ts';

/** `absent`: workloads whose sidecar runs and has yet to connect. */
export function injectedOf(report: WorkloadReport, absent: readonly AbsentWorkload[]): ConditionDraft {
  const { injected, pending, refused, details, injection } = report;
  const type = conditionType.injected;
  const all = injected + pending + refused;
  if (all === 0 && injection.support !== null && injection.way === null)
    return {
      type,
      status: 'False',
      reason: reason.pending,
      message: 'Wait: Meshwright is finding out who adds sidecars.',
    };
  const isComplete = injected === all;
  const pods = absent.map(({ workload }) => workload).filter((key) => key.startsWith('Pod/'));
  const message = [
    progress(report, all),
    troubleOf(report),
    isComplete || details.some(isTrouble) ? '' : 'Wait: workloads roll out a few at a time.',
    isComplete ? unconnected(pods) : '',
  ];
  return {
    type,
    message: message.filter((it) => it !== '').join(' '),
    ...(isComplete && pods.length === 0
      ? { status: 'True', reason: reason.injected }
      : { status: 'False', reason: details.some(isTrouble) ? reason.workloadTrouble : reason.pending }),
  };
}

function progress({ injected, details }: WorkloadReport, all: number): string {
  if (all === 0)
    return 'There are no workloads to inject, because the namespaces in spec.namespaceSelector have none. To add a namespace by the default selector, run kubectl label namespace NAME meshwright.dev/mesh=enabled.';
  const rolling = details.filter((it) => it.type === 'pending' && it.reason === 'RollingOut').length;
  const more = rolling === 0 ? '' : `; ${rolling} ${rolling === 1 ? 'is' : 'are'} rolling out`;
  return `${injected} of ${all} ${all === 1 ? 'workload has' : 'workloads have'} an up-to-date sidecar${more}.`;
}

function unconnected(pods: readonly string[]): string {
  if (pods.length === 0) return '';
  const have = pods.length === 1 ? '1 sidecar has' : `${pods.length} sidecars have`;
  const its = pods.length === 1 ? 'its log' : 'their logs';
  return `${have} not connected yet: ${listedUpTo(pods)}. If this lasts, see ${its}.`;
}
