// SPIFFE ids as text. @see https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md

/** RE2: what stands before the path of a SPIFFE id. */
export const anyTrustDomain = 'spiffe://[^/]+';

/** `/ns/shop/sa/reviews` of `spiffe://cluster.local/ns/shop/sa/reviews`; of the beginning of an id, that of its path. */
export function pathOf(spiffeId: string): string {
  return spiffeId.replace(/^spiffe:\/\/[^/]*/, '');
}
