// A snapshot: what every proxy is to have, encoded once, in layers that proxies share. Immutable.
import type { Origin } from '../../ir/origin.ts';
import type { TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { LayerId } from '../../envoy/resources/xds-resource.ts';

/** One resource, encoded. Two entries of equal version have equal bytes, on every replica and after a restart. */
export interface Entry {
  readonly name: string;
  /** Hash of the encoded message. */
  readonly version: string;
  /** The bytes of a google.protobuf.Any holding the message. */
  readonly any: Uint8Array;
  readonly origins: readonly Origin[];
  readonly clusters: readonly string[];
  readonly exclusiveKeys: readonly string[];
  readonly doesNothing?: true;
}

/** The entries of one type in one layer. */
export interface TypeLayer {
  readonly typeUrl: TypeUrl;
  readonly entries: ReadonlyMap<string, Entry>;
}

export type Layer = ReadonlyMap<TypeUrl, TypeLayer>;

export interface Snapshot {
  /** Counts publications, from 1. */
  readonly generation: number;
  readonly layers: ReadonlyMap<LayerId, Layer>;
  /** Workload key → its layers. */
  readonly views: ReadonlyMap<string, readonly LayerId[]>;
  /** Resources our own checks refused; the last good entry of that name, if any, is still in its layer. */
  readonly invalid: readonly InvalidResource[];
}

export interface InvalidResource {
  readonly layer: LayerId;
  readonly typeUrl: TypeUrl;
  readonly name: string;
  readonly message: string;
  readonly origins: readonly Origin[];
}
