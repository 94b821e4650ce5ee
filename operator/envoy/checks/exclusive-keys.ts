// What only one resource of a view may hold: a domain within a route configuration, the address of a listener.
// Envoy refuses a whole response for one conflict. Entry: checkExclusiveKeys.
import { typeUrl, type TypeUrl } from '../proto/type-urls.ts';
import { compareText } from '../../values/compare-text.ts';

/** The part of a resource that the check reads. */
export interface KeyedResource {
  readonly typeUrl: TypeUrl;
  readonly name: string;
  readonly exclusiveKeys: readonly string[];
}

export interface KeyConflict {
  readonly typeUrl: TypeUrl;
  /** The resource that must not be published beside `holder`. */
  readonly name: string;
  readonly holder: string;
  readonly key: string;
  /** A sentence for a condition. */
  readonly message: string;
}

/**
 * The conflicts among the resources of one view. Of two that hold the same key, the one with the smaller name holds it, so that
 * every replica decides alike, whatever the order it is given.
 */
export function checkExclusiveKeys(resources: Iterable<KeyedResource>): readonly KeyConflict[] {
  const sorted = [...resources]
    .filter((resource) => resource.exclusiveKeys.length > 0)
    .toSorted((a, b) => compareText(a.typeUrl, b.typeUrl) || compareText(a.name, b.name));
  const holders = new Map<string, string>();
  return sorted.flatMap((resource) =>
    resource.exclusiveKeys.flatMap((key) => {
      const scoped = `${resource.typeUrl} ${scopeOf(resource)} ${key.toLowerCase()}`;
      const holder = holders.get(scoped);
      if (holder === undefined) holders.set(scoped, resource.name);
      return holder === undefined ? [] : [conflict(resource, holder, key)];
    }),
  );
}

/** A virtual host belongs to the route configuration that its name has before the last `/`, as Envoy reads it. */
function scopeOf({ typeUrl: type, name }: KeyedResource): string {
  return type === typeUrl.virtualHost ? name.slice(0, name.lastIndexOf('/') + 1) : '';
}

function conflict({ typeUrl: type, name }: KeyedResource, holder: string, key: string): KeyConflict {
  const what = type === typeUrl.virtualHost ? 'domain' : type === typeUrl.listener ? 'address' : 'key';
  const message =
    holder === name
      ? `The ${what} ${key} is in ${name} twice.`
      : `The ${what} ${key} is held by ${holder}: give ${name} another one, or remove one of the two.`;
  return { typeUrl: type, name, holder, key, message };
}
