// What there is right now, without staying: for programs that answer and end.
import { admit } from '../../api/admission.ts';
import { watchedLog } from '../process/log.ts';
import { systemClock } from '../process/clock.ts';
import { createKubernetesPlatform } from '../platform/kubernetes/kubernetes.ts';
import { deliver } from '../platform/manifests/manifests.ts';
import type { StoredObject } from '../objects/objects.ts';
import type { ObjectSink } from '../ports/platform.ts';
import type { Resources } from '../store/resources.ts';
import { createStore } from '../store/store.ts';

/** Of manifests: later ones replace earlier ones of the same name. */
export async function resourcesOfManifests(objects: readonly StoredObject[]): Promise<Resources> {
  return firstBatch((sink) => {
    deliver(objects, sink);
    sink.synced();
  });
}

export interface ClusterLook {
  /** Null: as kubectl finds it. */
  readonly kubeconfig: string | null;
  /** How long the API server may take to list everything. */
  readonly timeoutMs: number;
}

/**
 * Of a cluster, as its API server has them now, and on top of them what manifests say. Nothing is written.
 * @throws Error if it does not answer
 */
export async function resourcesOfCluster(
  { kubeconfig, timeoutMs }: ClusterLook,
  manifests: readonly StoredObject[] = [],
): Promise<Resources> {
  let trouble = '';
  const platform = createKubernetesPlatform({
    log: watchedLog((said) => {
      trouble = said;
    }),
    namespace: 'meshwright-system',
    admit,
    ...(kubeconfig !== null && { kubeConfig: { path: kubeconfig } }),
  });
  const stop = new AbortController();
  let watching: Promise<void> = Promise.resolve();
  let cancel: (() => void) | undefined;
  try {
    return await new Promise<Resources>((resolve, reject) => {
      firstBatch((sink) => {
        const synced = (): void => {
          deliver(manifests, sink);
          sink.synced();
        };
        watching = platform.watch({ ...sink, synced }, stop.signal);
        watching.catch(reject);
      }).then(resolve, reject);
      cancel = systemClock.after(timeoutMs, () => {
        reject(
          new Error(
            `${platform.server} has not listed everything in time${trouble === '' ? '' : ` (${trouble})`}. Check the kubeconfig, your permissions and --timeout.`,
          ),
        );
      });
    });
  } finally {
    cancel?.();
    stop.abort();
    await watching.catch(() => undefined);
    platform.close?.();
  }
}

async function firstBatch(fill: (sink: ObjectSink) => void): Promise<Resources> {
  return new Promise((resolve) => {
    const store = createStore({
      clock: systemClock,
      onSettled: (resources) => {
        store.close();
        resolve(resources);
      },
    });
    fill(store);
  });
}
