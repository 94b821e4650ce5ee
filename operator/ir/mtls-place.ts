// Where one mode of mutual TLS holds: a port of a Deployment, StatefulSet, DaemonSet, or of a pod or ExternalWorkload by itself.
import type { Origin } from './origin.ts';

/** Strict: once nobody calls in plaintext. Immediate: Strict at once. Open: plaintext is to be accepted, by all of its workloads. */
export type MtlsWish = 'Open' | 'Strict' | 'Immediate';

export interface MtlsPlaceIr {
  readonly namespace: string;
  /** `Deployment/reviews`. Its pods share a mode while it changes: one that starts meanwhile is like the others. */
  readonly owner: string;
  /** null: all ports that no Service names. */
  readonly port: number | null;
  /** No Service leads to the port, and a policy names it: without that it would be in the place of all such ports. */
  readonly isOther: boolean;
  readonly wish: MtlsWish;
  /** It is to be Strict, and accepts plaintext. */
  readonly isStaged: boolean;
  /** It is Strict at once, and what is stored still says that it accepts plaintext, or may do so again: it would if the transition became Safe now. */
  readonly isUnsettled: boolean;
  /** The longest that is asked for. */
  readonly quietMs: number;
  /** The objects that want Strict; none if nobody does. Sorted. */
  readonly decidedBy: readonly Origin[];
  /** Those that are to be Strict; if none is, all with a sidecar. At least one. Sorted by key. */
  readonly workloads: readonly PlacedWorkload[];
}

export interface PlacedWorkload {
  /** `Pod/shop/reviews-1` */
  readonly key: string;
  /** Of the place without a port: those that it is not about. */
  readonly namedPorts: readonly number[];
}
