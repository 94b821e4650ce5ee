// A certificate that was replaced before its time reaches the pods that mount it within seconds: left alone, kubelets look
// at Secrets once a minute.
import type { IdentityIr, WorkloadIr } from '../ir/mesh-ir.ts';
import type { Log } from '../process/log.ts';
import type { PodPort } from '../ports/pod-port.ts';

export interface PodRefreshOptions {
  /** undefined: nothing is mounted. */
  readonly pods: PodPort | undefined;
  /** Those with a sidecar at present. */
  readonly workloads: () => readonly WorkloadIr[];
  readonly log: Log;
}

/** A pod that cannot be written takes the certificate a little later. */
export function createPodRefresh({ pods, workloads, log }: PodRefreshOptions): (of: IdentityIr) => void {
  const refresh = async ({ namespace, name, key }: WorkloadIr): Promise<void> => {
    try {
      await pods?.refresh(namespace, name);
    } catch (error) {
      log.warn({ workload: key, error }, 'pod annotation for a new certificate failed');
    }
  };
  return ({ spiffeId }) => {
    const users = workloads().filter(
      ({ kind, identity }) => kind === 'Pod' && identity.spiffeId === spiffeId,
    );
    void inTurn(users, refresh);
  };
}

/** The API server has other work, too. */
async function inTurn<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (const item of items) {
    // oxlint-disable-next-line no-await-in-loop -- the kubelets need no hurry, and the API server no burst
    await work(item);
  }
}
