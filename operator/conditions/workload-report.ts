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
  | 'Contested'
  /** Of pods that are evicted, not rolled. */
  | 'AwaitsPods'
  | 'EvictionBlocked';

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
  readonly otherPods: OtherPodsReport;
  /** Who adds sidecars. */
  readonly injection: InjectionReport;
}

/** Pods that only an eviction would set right: their controllers have no templates that we know. */
export interface OtherPodsReport {
  /** Sorted, `shop/legacy-1`. */
  readonly names: readonly string[];
  /** They are not evicted. Else the states of their controllers say what becomes of them. */
  readonly isKept: boolean;
}

const noOthers: OtherPodsReport = { names: [], isKept: true };

type WorkloadDetail = Exclude<WorkloadState, { readonly type: 'injected' }>;

export function reportOf(
  states: ReadonlyMap<string, WorkloadState>,
  {
    bare = [],
    others = noOthers,
  }: { readonly bare?: readonly string[]; readonly others?: OtherPodsReport } = {},
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
    barePods: bare,
    otherPods: others,
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

const troubles: readonly PendingReason[] = ['RolloutFailed', 'Contested', 'EvictionBlocked'];

/** Somebody has to do something. */
export function isTrouble(state: WorkloadState): state is WorkloadDetail {
  if (state.type === 'pending') return troubles.includes(state.reason);
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
 * to tell of; that a pod was evicted is.
 */
export function troubleOf({ details, notices, barePods, otherPods, injection }: WorkloadReport): string {
  const told = details.filter((it) => (it.type === 'pending' && it.reason === 'AwaitsPods') || isTrouble(it));
  const trouble = told.map(({ key, message }) => `${key}: ${message}`);
  const sentences = [...trouble, ...notices];
  const more = sentences.length - mostNamed;
  return [
    ...sentences.slice(0, mostNamed),
    ...(more > 0 ? [`And ${more} more; see the Events of the workloads.`] : []),
    ...bareSentence(
      barePods.filter((name) => !otherPods.names.includes(name)),
      injection,
    ),
    ...keptSentence(otherPods),
  ].join(' ');
}

function bareSentence(barePods: readonly string[], { support, way }: InjectionReport): readonly string[] {
  if (barePods.length === 0) return [];
  const named = someOf(barePods);
  if (way === 'Policy')
    return [
      `Pods without a sidecar, because they were created before the API server added sidecars: ${named}. Create them again. If new pods have none either, check that no API server disables MutatingAdmissionPolicy.`,
    ];
  const advice =
    support === 'NotBound'
      ? ' To have the API server add sidecars to such pods, apply deploy/injection-policy.yaml.'
      : '';
  return [
    `Pods without a sidecar, because no Deployment, StatefulSet, DaemonSet or CronJob manages them: ${named}.${advice}`,
  ];
}

function keptSentence({ names, isKept }: OtherPodsReport): readonly string[] {
  if (names.length === 0 || !isKept) return [];
  return [
    `Pods whose sidecar is missing, outdated or no longer wanted, and that Meshwright does not replace because no Deployment, StatefulSet or DaemonSet manages them: ${someOf(names)}. Delete them, and their controllers create new ones; or set spec.sidecar.rollout.otherPods to Evict, and Meshwright evicts them, a few at a time.`,
  ];
}

function someOf(names: readonly string[]): string {
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : '';
  return `${names.slice(0, mostNamed).join(', ')}${more}`;
}
