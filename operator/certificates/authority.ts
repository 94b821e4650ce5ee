// The port to a certificate authority. Behind it: the built-in CA now, cert-manager later.

export interface KeyPair {
  /** PEM, leaf first, then intermediates. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface LeafRequest {
  /** URI SAN. */
  readonly spiffeId: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly ttlMs: number;
}

/** Signs lists of certificates that are no longer to be believed. Serial numbers are hexadecimal, as `serialText` writes them. */
export interface RevocationLists {
  /** PEM of a list that is valid from now on, back-dated for clock skew, for as long as the root is. */
  sign(serials: readonly string[]): Promise<string>;
  /** The serial numbers on a list; undefined if it is damaged, or was signed by another root. */
  read(list: string): Promise<ReadonlySet<string> | undefined>;
}

export interface Authority {
  /** PEM of all roots to trust. */
  trustBundle(): string;
  rootNotAfter(): Date;
  /** Makes a fresh key (ECDSA P-256) and a certificate for client and server use, back-dated for clock skew. */
  issue(request: LeafRequest): Promise<KeyPair>;
  /** null where the root may not sign lists. */
  readonly revocationLists: RevocationLists | null;
}
