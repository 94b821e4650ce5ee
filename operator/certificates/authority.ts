// The port to a certificate authority. Behind it: the built-in CA.
import type { RootFacts, Rotation, Step } from './rotation.ts';

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

/** A list of certificates that are no longer to be believed. Serial numbers are hexadecimal, as `serialText` writes them. */
export interface ReadList {
  readonly serials: ReadonlySet<string>;
  /** Each root has signed it: else Envoy and OpenSSL refuse certificates of those that have not. */
  readonly isWhole: boolean;
}

export interface RevocationLists {
  /** PEM of a list that is valid from now on, back-dated for clock skew, for as long as the root is. */
  sign(serials: readonly string[]): Promise<string>;
  /** What is on a list; undefined if it is damaged, or was signed by other roots. */
  read(list: string): Promise<ReadList | undefined>;
}

/** Which leaves are good. */
export interface Signer {
  /** PEM of the root that has to have signed them. */
  readonly root: string;
  readonly rootNotAfter: Date;
  /** They have to be issued at this time or later, in ms since 1970; 0: whenever. */
  readonly leavesFromMs: number;
}

export interface Authority {
  /** PEM of the roots that sidecars are to believe in each other's certificates. */
  trustBundle(): string;
  /**
   * PEM of the roots that are believed between sidecars and operators: all there are. While a root is rotated, one is believed here
   * before it is believed by sidecars, and for longer.
   */
  controlPlaneBundle(): string;
  readonly signer: Signer;
  /** Makes a fresh key (ECDSA P-256) and a certificate for client and server use, back-dated for clock skew. */
  issue(request: LeafRequest): Promise<KeyPair>;
  readonly own: OwnSigner;
  /** null where a root may not sign lists. */
  readonly revocationLists: RevocationLists | null;
  readonly rotating: RotatingRoot;
}

/** For the operator's own certificate. */
export interface OwnSigner extends Pick<Signer, 'root' | 'rootNotAfter'> {
  issue(request: LeafRequest): Promise<KeyPair>;
}

/** The last rotation that ended. */
export interface RotationEnd {
  readonly outcome: 'Completed' | 'Aborted';
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** The root that signs, and how its rotation stands. */
export interface RotatingRoot extends RootFacts {
  readonly id: string;
  /** null: none is under way. */
  readonly rotation: Rotation | null;
  readonly last: RotationEnd | null;
  /** Makes another root, and stores it with the rotation. Resolves to false if something else was stored meanwhile. */
  begin(rotation: Rotation): Promise<boolean>;
  /** Resolves to false if something else was stored meanwhile. */
  take(step: Exclude<Step, { readonly type: 'wait' }>): Promise<boolean>;
}
