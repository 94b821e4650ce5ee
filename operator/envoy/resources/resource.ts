// Makes resources as the contract wants them: origins, clusters and exclusive keys sorted and without duplicates.
import type { Origin } from '../../ir/origin.ts';
import { originKey } from '../../ir/origin.ts';
import type { TypeUrl } from '../proto/type-urls.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import type { XdsResource } from './xds-resource.ts';
import { compareText } from '../../values/compare-text.ts';

export interface ResourceParts {
  readonly name: string;
  readonly message: EnvoyMessage;
  readonly origins: readonly Origin[];
  /** Clusters it sends traffic to. Default: none. */
  readonly clusters?: readonly string[];
  /** What only one resource of the type may hold. Default: nothing. */
  readonly exclusiveKeys?: readonly string[];
  /** Default: false. */
  readonly doesNothing?: boolean;
}

export function resource(type: TypeUrl, parts: ResourceParts): XdsResource {
  return {
    typeUrl: type,
    name: parts.name,
    message: parts.message,
    origins: distinctOrigins(parts.origins),
    clusters: distinct(parts.clusters ?? []),
    exclusiveKeys: distinct(parts.exclusiveKeys ?? []),
    ...(parts.doesNothing === true && { doesNothing: true }),
  };
}

export function distinct(values: readonly string[]): readonly string[] {
  // Most have one or none, and there are many.
  return values.length < 2 ? values : [...new Set(values)].toSorted(compareText);
}

function distinctOrigins(origins: readonly Origin[]): readonly Origin[] {
  if (origins.length < 2) return origins;
  const byKey = new Map(origins.map((origin) => [originKey(origin), origin]));
  return [...byKey].toSorted(([a], [b]) => compareText(a, b)).map(([, origin]) => origin);
}
