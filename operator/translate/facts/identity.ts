// Identities: the SPIFFE id of a service account.
import type { IdentityIr } from '../../ir/mesh-ir.ts';

/** What a pod runs as if it names no service account. */
export const defaultServiceAccount = 'default';

export function identityOf(trustDomain: string, namespace: string, serviceAccount: string): IdentityIr {
  return {
    namespace,
    serviceAccount,
    spiffeId: `${namespacePrefix(trustDomain, namespace)}sa/${serviceAccount}`,
  };
}

/** What every SPIFFE id of a namespace begins with: `spiffe://cluster.local/ns/shop/`. */
export function namespacePrefix(trustDomain: string, namespace: string): string {
  return `spiffe://${trustDomain}/ns/${namespace}/`;
}
