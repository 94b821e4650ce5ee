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

export interface Authority {
  /** PEM of all roots to trust. */
  trustBundle(): string;
  rootNotAfter(): Date;
  /** Makes a fresh key (ECDSA P-256) and a certificate for client and server use, back-dated for clock skew. */
  issue(request: LeafRequest): Promise<KeyPair>;
}
