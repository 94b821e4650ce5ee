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
  /** One after the other: the kubelets need no hurry, and the API server no burst. However many fail, there are two lines at most. */
  const refresh = async (users: readonly WorkloadIr[]): Promise<void> => {
    let failed = 0;
    for (const { namespace, name, key } of users) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- see above
        await pods?.refresh(namespace, name);
      } catch (error) {
        if (failed === 0) log.warn({ workload: key, error }, 'pod annotation for a new certificate failed');
        failed += 1;
      }
    }
    if (failed > 1) log.warn({ failed, of: users.length }, 'pod annotations for new certificates failed');
  };
  let isBusy = false;
  const again = async (keys: ReadonlySet<string>): Promise<void> => {
    isBusy = true;
    await refresh(workloads().filter((it) => takesItFromSecret(it) && keys.has(it.key)));
    isBusy = false;
  };
  return {
    onReplaced: ({ spiffeId }) => {
      void refresh(
        workloads().filter(({ kind, identity }) => kind === 'Pod' && identity.spiffeId === spiffeId),
      );
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
