// What building produces: Envoy messages as plain objects, with where they came from.
import type { Origin } from '../../ir/origin.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import type { TypeUrl } from '../proto/type-urls.ts';

export interface XdsResource {
  readonly typeUrl: TypeUrl;
  readonly name: string;
  readonly message: EnvoyMessage;
  /** The objects that shaped it; never empty. Sorted by originKey. */
  readonly origins: readonly Origin[];
  /** Names of clusters it sends traffic to: it is held back while one of them is not to be had. */
  readonly clusters: readonly string[];
  /** What only one resource of the type may hold: the domains of a virtual host, the address of a listener. */
  readonly exclusiveKeys: readonly string[];
  /** The configuration of a filter that does nothing: Envoy takes all of these or none, so that many can be sent at once. */
  readonly doesNothing?: true;
}

/** A set of resources that many proxies share, for example `shared`, `intercepted` or `workload/Pod/shop/x`. */
export type LayerId = string;

export interface XdsResources {
  /** Resources of each layer, each (type, name) once; it is in at most one layer of a view. */
  readonly layers: ReadonlyMap<LayerId, readonly XdsResource[]>;
  /** Workload key → the layers its proxy sees. */
  readonly views: ReadonlyMap<string, readonly LayerId[]>;
}
