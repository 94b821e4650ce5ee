// The port to a certificate authority: a root of Meshwright's own, or an intermediate that a user brought.
import type { RootFacts, Rotation, Step } from './rotation.ts';

export interface KeyPair {
  /** PEM, leaf first, then intermediates. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** When it was issued, in ms since 1970, if the certificate does not tell. */
  readonly issuedMs?: number;
}

export interface LeafRequest {
  /** URI SAN. */
  readonly spiffeId: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly ttlMs: number;
}

/** For a key that somebody else made. */
export interface KeyRequest {
  /** URI SAN. */
  readonly spiffeId: string;
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  /** From notBefore, which is back-dated, to notAfter. */
  readonly lifeMs: number;
}

export type Certified = Omit<KeyPair, 'privateKey'>;

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
  /** PEM of the certificate that has to have signed them. */
  readonly issuer: string;
  /** PEM of what has to follow them: the intermediates; empty if the root signs; null: whatever leads to the issuer. */
  readonly chain: string | null;
  /** They cannot be valid for longer. */
  readonly notAfter: Date;
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
  /** PEM of the certificates that sign leaves, one for each root of controlPlaneBundle. */
  readonly issuers: string;
  /** PEM of intermediates below them that may have signed leaves. */
  readonly links: string;
  readonly signer: Signer;
  readonly expiry: AuthorityExpiry;
  /** Makes a fresh key (ECDSA P-256) and a certificate for client and server use, back-dated for clock skew. */
  issue(request: LeafRequest): Promise<KeyPair>;
  /** As issue, for a key of somebody else's. */
  certify(request: KeyRequest): Promise<Certified>;
  readonly own: OwnSigner;
  /** null where a root may not sign lists. */
  readonly revocationLists: RevocationLists | null;
  readonly rotating: RotatingRoot;
  readonly facts: AuthorityFacts;
}

/** For the operator's own certificate. */
export interface OwnSigner extends Pick<Signer, 'issuer' | 'chain' | 'notAfter'> {
  issue(request: LeafRequest): Promise<KeyPair>;
}

/** Ends of what signs leaves at present. */
export interface AuthorityExpiry {
  readonly root: Date;
  /** Of the one that ends first; null: the root signs leaves itself. */
  readonly intermediate: Date | null;
  /** Little is left of one of them: it should have been replaced by now. */
  readonly isSoon: boolean;
}

/** The authority that the Mesh asks for, and the one that signs. */
export interface AuthorityFacts {
  /** What signs is something that the Mesh names or named, not Meshwright's own. */
  readonly isPlugged: boolean;
  /** What the Mesh names, `Secret meshwright-system/mesh-intermediate`, `ClusterIssuer mesh-ca`; null: Meshwright is to have a root of its own. */
  readonly wanted: string | null;
  /** Leaves are signed by what the Mesh asks for. */
  readonly isAsWanted: boolean;
  /** Why the present version of what the Mesh asks for is not used: sentences for the user; null if nothing is wrong with it. */
  readonly problem: string | null;
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
  /** What is to come cannot sign lists of revoked certificates, as what signs now can: it does not come while there is one. */
  readonly endsLists: boolean;
  /** What is to come in, or to come back: false if it has expired and can sign nothing. True without a rotation. */
  readonly isOtherValid: boolean;
  /** Stores the root that is to come, made for it if nobody brought it, with the rotation. Resolves to false if something else was stored meanwhile. */
  begin(rotation: Rotation): Promise<boolean>;
  /** Resolves to false if something else was stored meanwhile. */
  take(step: Exclude<Step, { readonly type: 'wait' }>): Promise<boolean>;
}
