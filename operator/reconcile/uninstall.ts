// Takes our part out of every workload there is: without a Mesh, our definitions or a running operator. Entry:
// uninstall. Certificates stay: pods mount them until the last one is made anew.
import type { WorkloadPort, WorkloadRef } from '../ports/workload-port.ts';
import { workloadKinds } from '../values/workload-kinds.ts';
import { describeActual } from './workload/actual.ts';
import { removePart } from './workload/writes.ts';

export interface UninstallReport {
  readonly removed: readonly WorkloadRef[];
  /** The message is the API server's. */
  readonly failed: readonly { readonly ref: WorkloadRef; readonly message: string }[];
}

/** All at once: the mesh ends. Rejects if workloads cannot be listed. */
export async function uninstall(port: Pick<WorkloadPort, 'list' | 'merge'>): Promise<UninstallReport> {
  const all = (await Promise.all(workloadKinds.map((kind) => port.list(kind)))).flat();
  const injected = all.filter((live) => describeActual(live).hasAny);
  const removed: WorkloadRef[] = [];
  const failed: { ref: WorkloadRef; message: string }[] = [];
  for (const live of injected) {
    // oxlint-disable-next-line no-await-in-loop -- an API server under load has enough with one
    const outcome = await removePart(port, live);
    if (outcome.type === 'written' || outcome.type === 'gone') removed.push(live.ref);
    else failed.push({ ref: live.ref, message: outcome.message });
  }
  return { removed, failed };
}
