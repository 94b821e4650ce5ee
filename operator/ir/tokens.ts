// Tokens of end users: who issues them, and what rules ask of them.

/** An issuer of JSON Web Tokens. */
export interface JwtProviderIr {
  /** `shop/reviews/corp`: namespace/policy/provider. */
  readonly id: string;
  readonly issuer: string;
  /** A token needs one of them. */
  readonly audiences: 'any' | readonly string[];
  /** Public keys, as the members of JSON Web Keys. Empty: no token is valid. */
  readonly keys: readonly Readonly<Record<string, string>>[];
  readonly places: TokenPlacesIr;
  /** Whether the application gets the token. */
  readonly forward: boolean;
  /** Sorted by header. */
  readonly claimsToHeaders: readonly ClaimToHeaderIr[];
  readonly clockSkewMs: number;
}

/** Where requests have the token: at least one place. */
export interface TokenPlacesIr {
  /** Names in lower case; prefix: what the value has before the token. */
  readonly headers: readonly { readonly name: string; readonly prefix: string }[];
  readonly cookies: readonly string[];
  readonly queryParameters: readonly string[];
}

export interface ClaimToHeaderIr {
  /** The name of the claim, and those of fields of the objects in it. Without dots. */
  readonly claim: readonly string[];
  /** In lower case. */
  readonly header: string;
}

/** What a rule asks of a token. */
export interface TokenMatchIr {
  /** Ids of the providers of which one must have verified it; empty: nobody can have. */
  readonly providers: readonly string[];
  readonly subjects: 'any' | readonly string[];
  /** All must match. */
  readonly claims: readonly ClaimMatchIr[];
}

export interface ClaimMatchIr {
  /** The name of the claim, and those of fields of the objects in it. */
  readonly path: readonly string[];
  /** Any of them, as the claim or in the list that it is. */
  readonly values: readonly string[];
}
