// What an issuer needs, and what others see of it.
import type { CertificatesIr, IdentityIr } from '../ir/mesh-ir.ts';
import type { Component } from '../process/lifecycle.ts';
import type { Log } from '../process/log.ts';
import type { SecretPort } from '../ports/platform.ts';
import type { Authority, AuthorityExpiry, AuthorityFacts, LeafRequest, RotationEnd } from './authority.ts';
import type { LateLeaves } from './leaf-ends.ts';
import type { Troubles } from './requested/trouble.ts';
import type { Evidence, RootFacts, Rotation, Wanted } from './rotation.ts';
import type { ServerCertificate } from './server-certificate.ts';
import type { Clock } from '../process/clock.ts';

export interface IssuerPorts {
  /** Called in every round, so that a root that was repaired or replaced is taken without a restart. */
  readonly openAuthority: (isLeading: boolean) => Promise<Authority>;
  readonly secrets: SecretPort;
  /** Of the operator. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Log;
  /** A certificate was replaced long before its end: those who use it should not wait for the new one. */
  readonly onReplaced?: (identity: IdentityIr) => void;
  /** While a root is rotated, these workloads have not shown their new certificates for a while. */
  readonly onOverdue?: (workloads: readonly string[]) => void;
  /** Has pods with certificates of their own find these roots (PEM) beside them; absent: there are no such pods. */
  readonly publishTrust?: (roots: string) => Promise<void>;
  /** What is known of the sidecars: a root is not replaced before they are ready for it. */
  readonly evidence: () => Evidence;
  /** See RotatorPorts. */
  readonly settleMs: number;
  /** state() says something new. */
  readonly onChange?: (state: IssuerState) => void;
}

/** How the rotation of the root stands. */
export interface RootState {
  /** null: none is under way. */
  readonly rotation: Rotation | null;
  readonly last: RotationEnd | null;
  readonly wanted: Wanted;
  readonly facts: RootFacts;
}

/** How the authority that signs stands to the one that the Mesh asks for. */
export interface AuthorityState extends AuthorityFacts {
  readonly expiry: AuthorityExpiry;
  /** A change waits until the certificates that are revoked have expired. */
  readonly isHeldByRevocations: boolean;
  /** Why certificates wait for the issuer outside that signs; null: none does. */
  readonly troubles: Troubles | null;
  /** Certificates of workloads that should have been renewed long ago; null: none. */
  readonly late: LateLeaves | null;
}

export interface IssuerState {
  /** undefined until a usable root was opened. */
  readonly rootNotAfter: Date | undefined;
  /** undefined until a usable root was opened. */
  readonly authority: AuthorityState | undefined;
  readonly nextRenewal: Date | undefined;
  /** Of the certificates in Secrets, the first in each namespace that expires, in ms since 1970; empty where another operator writes them. */
  readonly leafEnds: readonly (readonly [namespace: string, endMs: number])[];
  /** Certificates issued since the start. */
  readonly issued: number;
  /** undefined until a usable root was opened. */
  readonly root: RootState | undefined;
  /** Pods with certificates of their own find the roots beside them. */
  readonly isTrustPublished: boolean;
  /** Why certificates cannot be issued: sentences for the user. Empty when all is well. */
  readonly problems: readonly string[];
}

export const nothingIssued: IssuerState = {
  rootNotAfter: undefined,
  authority: undefined,
  nextRenewal: undefined,
  leafEnds: [],
  issued: 0,
  root: undefined,
  isTrustPublished: false,
  problems: [],
};

export interface Issuer extends Component {
  /** Replaces the identities to keep certificates for. Secrets of former ones stay: a pod may still mount them. */
  setIdentities(identities: readonly IdentityIr[], certificates: CertificatesIr): void;
  /** Whether the roots are to be published for pods with certificates of their own, while it leads. */
  setTrustWanted(isWanted: boolean): void;
  /** Looks at their Secrets at once: pods wait for them. */
  recheck(identities: readonly IdentityIr[]): void;
  /**
   * Resolves to the first certificate, as soon as the authority can issue; onRenewed gets each later one.
   * Rejects when the issuer stops before.
   */
  serverCertificate(
    request: LeafRequest,
    onRenewed: (renewed: ServerCertificate) => void,
  ): Promise<ServerCertificate>;
  state(): IssuerState;
  /** The evidence says something new. */
  evidenceChanged(): void;
  /** From now on it writes Secrets, until onStoppedLeading. */
  onStartedLeading(): void;
  /** Resolves when no Secret is written any more. */
  onStoppedLeading(): Promise<void>;
}
