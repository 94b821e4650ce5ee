// What one replica tells the leader of: which versions it serves, which proxies it has, what they acknowledged, what they counted.
import type { LayerId } from '../envoy/resources/xds-resource.ts';
import type { PresentedLeaf } from '../values/presented-leaf.ts';

/** What a proxy has acknowledged of what its own replica serves. Shared by all in the same state. */
export interface AckState {
  readonly lagging: readonly LagOfType[];
  readonly rejected: readonly Rejected[];
  readonly former: readonly Former[];
  readonly atRest: boolean;
}

export interface LagOfType {
  readonly typeUrl: string;
  /** null: too many to name; all of the type count. */
  readonly names: readonly string[] | null;
}

export interface Rejected {
  readonly typeUrl: string;
  readonly name: string;
  readonly message: string;
}

/** What a proxy still runs, or may run, in place of what its replica serves. */
export interface Former {
  readonly typeUrl: string;
  readonly name: string;
  /** As texts, `TrafficPolicy/shop/reviews@4`; null: nobody knows them. */
  readonly origins: readonly string[] | null;
}

/** Name, version, and the origins as texts. */
export type ServedEntry = readonly [name: string, version: string, ...origins: string[]];

/** A report of a sidecar to this replica. It happened: it changes no state. */
export interface CountedChange {
  readonly type: 'counted';
  readonly workload: string;
  readonly points: readonly {
    /** As texts, since the other replica may know others. */
    readonly metric: string;
    /** Without those that are empty. */
    readonly tags: Readonly<Record<string, string>>;
    readonly count: number;
    readonly buckets: readonly number[] | null;
  }[];
}

export type Change = StateChange | CountedChange;

/** Changes of one batch are true together, and in this order. */
export type StateChange =
  | {
      readonly type: 'versions';
      readonly layer: LayerId;
      readonly typeUrl: string;
      readonly set: readonly ServedEntry[];
      readonly unset: readonly string[];
    }
  | { readonly type: 'layersGone'; readonly layers: readonly LayerId[] }
  | {
      readonly type: 'proxy';
      /** Of its stream; never used for another one. */
      readonly id: number;
      readonly workload: string;
      readonly nodeId: string;
      /** The certificate of its connection; absent: unknown. */
      readonly leaf?: PresentedLeaf;
      readonly layers: readonly LayerId[];
      /** How long it has been connected, in milliseconds: a duration, since clocks differ. */
      readonly ageMs: number;
    }
  /** Follows `proxy` for each of the ids. */
  | ({ readonly type: 'ackState'; readonly ids: readonly number[] } & AckState)
  | { readonly type: 'proxiesGone'; readonly ids: readonly number[] };
