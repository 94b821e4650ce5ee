// What there is right now, without staying: for programs that answer and end.
import { admit } from '../../api/admission.ts';
import { watchedLog } from '../process/log.ts';
import { systemClock } from '../process/clock.ts';
import { createKubernetesPlatform } from '../platform/kubernetes/kubernetes.ts';
import { deliver, readManifests } from '../platform/manifests/manifests.ts';
import { imaginedCluster } from '../explain/imagined.ts';
import type { StoredObject } from '../objects/objects.ts';
import type { ObjectSink } from '../ports/platform.ts';
import { operatorNamespace } from '../values/own-names.ts';
import type { Resources } from '../store/resources.ts';
import { createStore } from '../store/store.ts';

/** What there is, with what manifests say on top of it: later ones replace earlier ones of the same name. */
export type Look = (manifests?: readonly StoredObject[]) => Promise<Resources>;

/** Of manifests that nobody has applied: with what a cluster would make of them. */
export async function imaginedFrom(manifests: readonly StoredObject[]): Promise<Resources> {
  return imaginedCluster(await replayed([], manifests));
}

/** @throws Error that says each mistake in them */
export async function manifestsAt(path: string): Promise<readonly StoredObject[]> {
  const { objects, problems } = await readManifests(path, admit);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return objects;
}

export interface ClusterLook {
  /** Null: as kubectl finds it. */
  readonly kubeconfig: string | null;
  /** How long the API server may take to list everything. */
  readonly timeoutMs: number;
}

/**
 * Of a cluster, as its API server has it now; it is asked once. Nothing is written.
 * @throws Error if it does not answer
 */
export async function lookAtCluster({ kubeconfig, timeoutMs }: ClusterLook): Promise<Look> {
  let trouble = '';
  const platform = createKubernetesPlatform({
    log: watchedLog((said) => {
      trouble = said;
    }),
    namespace: operatorNamespace,
    admit,
    ...(kubeconfig !== null && { kubeConfig: { path: kubeconfig } }),
  });
  const stop = new AbortController();
  const delivered: Delivery[] = [];
  let watching: Promise<void> = Promise.resolve();
  let cancel: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      watching = platform.watch(recorder(delivered, resolve), stop.signal);
      watching.catch(reject);
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
  return async (manifests = []) => replayed(delivered, manifests);
}

type Delivery = (sink: ObjectSink) => void;

/** Notes what comes until everything has been listed once. */
function recorder(delivered: Delivery[], onSynced: () => void): ObjectSink {
  let isOver = false;
  const note = (delivery: Delivery): void => {
    if (!isOver) delivered.push(delivery);
  };
  return {
    upsert: (...args) => {
      note((sink) => {
        sink.upsert(...args);
      });
    },
    remove: (...args) => {
      note((sink) => {
        sink.remove(...args);
      });
    },
    reject: (...args) => {
      note((sink) => {
        sink.reject(...args);
      });
    },
    synced: () => {
      isOver = true;
      onSynced();
    },
  };
}

async function replayed(
  delivered: readonly Delivery[],
  manifests: readonly StoredObject[],
): Promise<Resources> {
  return new Promise((resolve) => {
    const store = createStore({
      clock: systemClock,
      onSettled: (resources) => {
        store.close();
        resolve(resources);
      },
    });
    for (const delivery of delivered) delivery(store);
    deliver(manifests, store);
    store.synced();
  });
}
