// What there is to say about workloads: for the status of the Mesh, and sentence by sentence for people. Pure.
import { byText } from '../values/compare-text.ts';
import { type InjectionReport, notLooked } from './injection-report.ts';

export type WorkloadState =
  /** notices: what no longer is as it was, and what to do. */
  | { readonly type: 'injected'; readonly notices?: readonly string[] }
  | { readonly type: 'pending'; readonly reason: PendingReason; readonly message: string }
  | { readonly type: 'refused'; readonly reason: string; readonly message: string };

export type PendingReason =
  | 'CertificateNotReady'
  | 'ControlPlaneNotReady'
  | 'Queued'
  | 'RollingOut'
  | 'RolloutFailed'
  | 'Paused'
  | 'Contested';

export interface WorkloadReport {
  readonly injected: number;
  readonly pending: number;
  readonly refused: number;
  /** Of those that are not injected, sorted by key (`Deployment/shop/reviews`). */
  readonly details: readonly (WorkloadDetail & { readonly key: string })[];
  /** Sentences on workloads that are injected; sorted by their keys. */
  readonly notices: readonly string[];
  /** Pods of meshed namespaces without a sidecar that nothing we inject makes: bare pods, Jobs. Sorted, `shop/migrate`. */
  readonly barePods: readonly string[];
  /** Who adds sidecars. */
  readonly injection: InjectionReport;
}

type WorkloadDetail = Exclude<WorkloadState, { readonly type: 'injected' }>;

export function reportOf(
  states: ReadonlyMap<string, WorkloadState>,
  barePods: readonly string[] = [],
  injection = notLooked,
): WorkloadReport {
  const details = [...states].flatMap(([key, state]) =>
    state.type === 'injected' ? [] : [Object.freeze({ key, ...state })],
  );
  const count = (type: WorkloadState['type']): number =>
    [...states.values()].filter((state) => state.type === type).length;
  return {
    injected: count('injected'),
    pending: count('pending'),
    refused: count('refused'),
    details: details.toSorted(byText(({ key }) => key)),
    notices: noticesOf(states),
    barePods,
    injection,
  };
}

function noticesOf(states: ReadonlyMap<string, WorkloadState>): readonly string[] {
  return [...states]
    .toSorted(byText(([key]) => key))
    .flatMap(([key, state]) =>
      state.type === 'injected' ? (state.notices ?? []).map((text) => `${key}: ${text}`) : [],
    );
}

/** Somebody has to do something. */
export function isTrouble(state: WorkloadState): state is WorkloadDetail {
  if (state.type === 'pending') return state.reason === 'RolloutFailed' || state.reason === 'Contested';
  return state.type === 'refused';
}

/** For what comes by itself. */
export function isWaiting(state: WorkloadState): boolean {
  if (state.type !== 'pending') return false;
  return state.reason === 'CertificateNotReady' || state.reason === 'ControlPlaneNotReady';
}

const mostNamed = 5;

/**
 * What a user has to know or to do, for a condition's message; '' if there is nothing. Waiting for a turn is nothing
 * to tell of.
 */
export function troubleOf({ details, notices, barePods, injection }: WorkloadReport): string {
  const trouble = details.filter(isTrouble).map(({ key, message }) => `${key}: ${message}`);
  const sentences = [...trouble, ...notices];
  const more = sentences.length - mostNamed;
  return [
    ...sentences.slice(0, mostNamed),
    ...(more > 0 ? [`And ${more} more; see the Events of the workloads.`] : []),
    ...bareSentence(barePods, injection),
  ].join(' ');
}

function bareSentence(barePods: readonly string[], { support, way }: InjectionReport): readonly string[] {
  if (barePods.length === 0) return [];
  const named = barePods.slice(0, mostNamed).join(', ');
  const more = barePods.length > mostNamed ? ` and ${barePods.length - mostNamed} more` : '';
  if (way === 'Policy')
    return [
      `Pods without a sidecar, because they were created before the API server added sidecars: ${named}${more}. Create them again. If new pods have none either, check that no API server disables MutatingAdmissionPolicy.`,
    ];
  const advice =
    support === 'NotBound'
      ? ' To have the API server add sidecars to such pods, apply deploy/injection-policy.yaml.'
      : '';
  return [
    `Pods without a sidecar, because no Deployment, StatefulSet, DaemonSet or CronJob manages them: ${named}${more}.${advice}`,
  ];
}
