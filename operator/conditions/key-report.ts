// How the keys of issuers are that are fetched: for the condition KeysFetched of SecurityPolicies, and for metrics.

/** Of one URI, or issuer. */
export interface KeyReport {
  /** Ids of the providers that take keys from it: `shop/reviews/corp`, sorted. */
  readonly providers: readonly string[];
  /** What the last answer, or its absence, is about: jwks.uri, a discovery document, or what that names as jwks_uri. */
  readonly from: 'uri' | 'document' | 'documentUri';
  /** null: there are none yet. */
  readonly keys: FetchedKeys | null;
  /** Full sentences on keys that were left out of the last answer. */
  readonly notes: readonly string[];
  /** Why there are no newer keys, in full sentences; null: nothing is wrong. */
  readonly problem: string | null;
}

export interface FetchedKeys {
  readonly count: number;
  /** When the issuer first had exactly these, in ms since 1970. */
  readonly sinceMs: number;
  /** When it last had them, in ms since 1970. */
  readonly fetchedMs: number;
}
