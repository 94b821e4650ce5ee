// The files by which Envoy finds a certificate from a Secret: a ConfigMap in each namespace, which pods mount and wait for, with a back-off.
import { renderSdsFiles } from '../infra/certificate-files.ts';
import { sdsConfigMap } from '../infra/pod-names.ts';
import type { WorkloadPort } from '../ports/workload-port.ts';
import type { Clock } from '../process/clock.ts';
import type { Log } from '../process/log.ts';
import { resyncMs } from './times.ts';

type FilesPort = Pick<WorkloadPort, 'keepConfigMap'>;

export interface Place {
  readonly name: string;
  /** Another one if it was deleted and made anew. */
  readonly uid: string;
}

const files: Readonly<Record<string, string>> = Object.fromEntries(renderSdsFiles(''));

export async function keepSdsFiles(port: FilesPort, namespace: string): Promise<void> {
  await port.keepConfigMap(namespace, sdsConfigMap, files);
}

/** Those of many namespaces. Whoever deletes one of them finds it again at the next resync. */
export class SdsFiles {
  readonly #options: { readonly workloads: FilesPort; readonly clock: Clock; readonly log: Log };
  /** By the name of the namespace. */
  #kept: ReadonlyMap<string, { readonly uid: string; readonly atMs: number }> = new Map();

  constructor(options: { readonly workloads: FilesPort; readonly clock: Clock; readonly log: Log }) {
    this.#options = options;
  }

  /**
   * A namespace that cannot take them, because of a quota or since it ends, has trouble of its own: all others have their policy. Rejects if none
   * can.
   */
  async keep(places: readonly Place[]): Promise<void> {
    const { workloads, clock, log } = this.#options;
    const kept = new Map<string, { readonly uid: string; readonly atMs: number }>();
    const failures: unknown[] = [];
    for (const { name: namespace, uid } of places) {
      const before = this.#kept.get(namespace);
      if (before?.uid === uid && clock.now() - before.atMs < resyncMs) {
        kept.set(namespace, before);
        continue;
      }
      try {
        // oxlint-disable-next-line no-await-in-loop -- an API server under load has enough with one
        await keepSdsFiles(workloads, namespace);
        kept.set(namespace, { uid, atMs: clock.now() });
      } catch (error) {
        failures.push(error);
        log.warn({ namespace, error }, 'ConfigMap for sidecars not written, retrying');
      }
    }
    this.#kept = kept;
    if (failures.length > 0 && kept.size === 0)
      throw new Error('no namespace takes the ConfigMap for sidecars', { cause: failures[0] });
  }
}
