// What the server knows of a connected proxy: the source of every Programmed condition.
import type { PresentedLeaf } from '../../values/presented-leaf.ts';
import type { Origin } from '../../ir/origin.ts';
import type { TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { LayerId } from '../../envoy/resources/xds-resource.ts';

export interface ProxyReport {
  /** Workload key, for example `Pod/shop/reviews-v1-abc`. */
  readonly workload: string;
  readonly nodeId: string;
  readonly connectedAtMs: number;
  /** When its stream ended, though its workload is still there, by the clock of connectedAtMs; null: it is connected. */
  readonly leftAtMs: number | null;
  /** Since when it does not have all that it is to have, or since when it is away; null: neither is so. */
  readonly since: Date | null;
  /** The certificate that its connection was made with, or its last one; null or absent: unknown. */
  readonly leaf?: PresentedLeaf | null;
  readonly layers: readonly LayerId[];
  /** Resources of its view that it has not acknowledged at their present version, with their origins. */
  readonly lagging: readonly LaggingResource[];
  /** Resources it refused and whose present version is still the refused one. A subset of lagging. */
  readonly rejected: readonly RejectedResource[];
  /** What it still has, or may have, that is not as it is to be: what earlier configuration left behind. */
  readonly former: readonly FormerResource[];
  /** Everything sent is acknowledged or refused: nothing is in flight or waiting. */
  readonly atRest: boolean;
}

export interface LaggingResource {
  readonly typeUrl: TypeUrl;
  readonly name: string;
  readonly origins: readonly Origin[];
}

export interface FormerResource {
  readonly typeUrl: TypeUrl;
  readonly name: string;
  /** Objects that shaped what it has. null: it brought that from an earlier stream, and nobody here knows what it is. */
  readonly origins: readonly Origin[] | null;
}

export interface RejectedResource extends LaggingResource {
  /** Envoy's words, normalised: the same for the same mistake in every process. */
  readonly message: string;
}
