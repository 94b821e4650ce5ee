// What there is to say about workloads: for the status of the Mesh, and sentence by sentence for people. Pure.

export type WorkloadState =
  | { readonly type: 'injected' }
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
}

type WorkloadDetail = Exclude<WorkloadState, { readonly type: 'injected' }>;

export function reportOf(states: ReadonlyMap<string, WorkloadState>): WorkloadReport {
  const details = [...states].flatMap(([key, state]) =>
    state.type === 'injected' ? [] : [Object.freeze({ key, ...state })],
  );
  const count = (type: WorkloadState['type']): number =>
    [...states.values()].filter((state) => state.type === type).length;
  return {
    injected: count('injected'),
    pending: count('pending'),
    refused: count('refused'),
    details: details.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
  };
}

const mostNamed = 5;

/**
 * What a user has to know or to do, for a condition's message; '' if there is nothing. Waiting for a turn is nothing
 * to tell of.
 */
export function troubleOf({ details }: WorkloadReport): string {
  const troubles = details.filter(
    ({ type, reason }) => type === 'refused' || reason === 'RolloutFailed' || reason === 'Contested',
  );
  const named = troubles.slice(0, mostNamed).map(({ key, message }) => `${key}: ${message}`);
  const more = troubles.length - named.length;
  return [...named, ...(more > 0 ? [`And ${more} more: see the Events on the workloads.`] : [])].join(' ');
}
