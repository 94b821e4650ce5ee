// Where keys of issuers are fetched from.

/** A URI with the certificates that its server must have its own from. */
export interface KeySourceIr {
  /** Hexadecimal digits: a hash of uri and caBundle. */
  readonly id: string;
  readonly uri: string;
  /** PEM; null: the public CAs. */
  readonly caBundle: string | null;
  readonly refreshMs: number;
  /** Ids of the providers that take keys from it, sorted. At least one. */
  readonly providers: readonly string[];
}
