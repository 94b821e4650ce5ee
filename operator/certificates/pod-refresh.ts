// A certificate that was replaced before its time reaches the pods that mount it within seconds: left alone, kubelets look
// at Secrets once a minute.
import type { WorkloadIr } from '../ir/mesh-ir.ts';
import type { Log } from '../process/log.ts';
import type { PodPort } from '../ports/pod-port.ts';
import type { IssuerPorts } from './issuer-ports.ts';

export interface PodRefreshOptions {
  /** undefined: nothing is mounted. */
  readonly pods: PodPort | undefined;
  /** Those with a sidecar at present. */
  readonly workloads: () => readonly WorkloadIr[];
  readonly log: Log;
}

/** What the issuer calls: of an identity, all pods; of workloads, these, unless those of the last call are still under way. */
export type PodRefresh = Required<Pick<IssuerPorts, 'onReplaced' | 'onOverdue'>>;

/** A pod that cannot be written takes the certificate a little later. */
export function createPodRefresh({ pods, workloads, log }: PodRefreshOptions): PodRefresh {
  const refresh = async ({ namespace, name, key }: WorkloadIr): Promise<void> => {
    try {
      await pods?.refresh(namespace, name);
    } catch (error) {
      log.warn({ workload: key, error }, 'pod annotation for a new certificate failed');
    }
  };
  let isBusy = false;
  const again = async (keys: ReadonlySet<string>): Promise<void> => {
    isBusy = true;
    await inTurn(
      workloads().filter((it) => takesItFromSecret(it) && keys.has(it.key)),
      refresh,
    );
    isBusy = false;
  };
  return {
    onReplaced: ({ spiffeId }) => {
      const users = workloads().filter(
        ({ kind, identity }) => kind === 'Pod' && identity.spiffeId === spiffeId,
      );
      void inTurn(users, refresh);
    },
    onOverdue: (keys) => {
      if (!isBusy) void again(new Set(keys));
    },
  };
}

/** Pod certificates are renewed by kubelets as they see fit. */
function takesItFromSecret({ kind, hasPodCertificate }: WorkloadIr): boolean {
  return kind === 'Pod' && hasPodCertificate !== true;
}

/** The API server has other work, too. */
async function inTurn<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (const item of items) {
    // oxlint-disable-next-line no-await-in-loop -- the kubelets need no hurry, and the API server no burst
    await work(item);
  }
}
