// The port to pods: what is ever written on one, or about one.
import type { Pod } from '../objects/objects.ts';
import type { WorkloadEvent } from './workload-port.ts';

/** As they are now: for who has no store. */
export interface PodListPort {
  /** Of all namespaces, with the label. */
  list(labelled: string): Promise<readonly Pod[]>;
}

export interface PodPort {
  /**
   * Has the kubelet of the pod look at its volumes now, and not within the next minute or so. A pod that is gone is no
   * error.
   */
  refresh(namespace: string, name: string): Promise<void>;
  /** value null: takes the annotation away. A pod that is gone is no error; another one of its name is. */
  annotate(pod: PodRef, key: string, value: string | null): Promise<void>;
  /** Asks for the end of this pod, as `kubectl drain` does. Once: what is in the way now is told, not waited for. */
  evict(pod: PodRef): Promise<EvictionOutcome>;
  /** The same one again only renews its time. */
  event(pod: PodRef, event: WorkloadEvent): Promise<void>;
}

/** message: the API server's. */
export type EvictionOutcome =
  | { readonly type: 'evicted' }
  /** By a PodDisruptionBudget. */
  | { readonly type: 'blocked'; readonly message: string }
  /** By whoever else has a say. */
  | { readonly type: 'refused'; readonly message: string }
  /** Another pod of its name may be there. */
  | { readonly type: 'gone' };

export interface PodRef {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}
