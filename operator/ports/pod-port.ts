// The port to pods: the one thing that is ever written on one.

export interface PodPort {
  /**
   * Has the kubelet of the pod look at its volumes now, and not within the next minute or so. A pod that is gone is no
   * error.
   */
  refresh(namespace: string, name: string): Promise<void>;
}
