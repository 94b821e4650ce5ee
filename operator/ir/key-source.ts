// Where keys of issuers are fetched from.

/** A URI, or an issuer that publishes one, with the certificates that the servers must have their own from. */
export interface KeySourceIr {
  /** Hexadecimal digits: a hash of uri or issuer, and caBundle. */
  readonly id: string;
  /** Of the key set; with an issuer, of its discovery document. */
  readonly uri: string;
  /** Whose discovery document says where the keys are; null: uri does. */
  readonly issuer: string | null;
  /** PEM; null: the public CAs. */
  readonly caBundle: string | null;
  readonly refreshMs: number;
  /** Ids of the providers that take keys from it, sorted. At least one. */
  readonly providers: readonly string[];
}
