// What only one resource of a view may hold: a domain within a route configuration, the address of a listener.
// Envoy refuses a whole response for one conflict. Entry: checkClaims.
import { typeUrl, type TypeUrl } from '../proto/type-urls.ts';

/** The part of a resource that claims are about. */
export interface Claimant {
  readonly typeUrl: TypeUrl;
  readonly name: string;
  readonly claims: readonly string[];
}

export interface ClaimConflict {
  readonly typeUrl: TypeUrl;
  /** The resource that must not be published beside `holder`. */
  readonly name: string;
  readonly holder: string;
  readonly claim: string;
  /** A sentence for a condition. */
  readonly message: string;
}

/**
 * The conflicts among the resources of one view. Of two that claim the same, the one with the smaller name holds it, so that
 * every replica decides alike, whatever the order it is given.
 */
export function checkClaims(resources: Iterable<Claimant>): readonly ClaimConflict[] {
  const claimants = [...resources]
    .filter((resource) => resource.claims.length > 0)
    .toSorted((a, b) => compare(a.typeUrl, b.typeUrl) || compare(a.name, b.name));
  const holders = new Map<string, string>();
  return claimants.flatMap((resource) =>
    resource.claims.flatMap((claim) => {
      const key = `${resource.typeUrl} ${scopeOf(resource)} ${claim.toLowerCase()}`;
      const holder = holders.get(key);
      if (holder === undefined) holders.set(key, resource.name);
      return holder === undefined ? [] : [conflict(resource, holder, claim)];
    }),
  );
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** A virtual host belongs to the route configuration that its name has before the last `/`, as Envoy reads it. */
function scopeOf({ typeUrl: type, name }: Claimant): string {
  return type === typeUrl.virtualHost ? name.slice(0, name.lastIndexOf('/') + 1) : '';
}

function conflict({ typeUrl: type, name }: Claimant, holder: string, claim: string): ClaimConflict {
  const what = type === typeUrl.virtualHost ? 'domain' : type === typeUrl.listener ? 'address' : 'claim';
  const message =
    holder === name
      ? `The ${what} ${claim} is in ${name} twice.`
      : `The ${what} ${claim} is held by ${holder}: give ${name} another one, or remove one of the two.`;
  return { typeUrl: type, name, holder, claim, message };
}
