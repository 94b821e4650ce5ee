// What is to be remembered on a pod of how it is guarded. Not a part of the mesh: nothing that proxies get is made from it.

export interface PodRecord {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The annotation as it should be; null: none. */
  readonly value: string | null;
}
