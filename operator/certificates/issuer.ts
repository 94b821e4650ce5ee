// Keeps a good certificate in the Secret of every identity, and one for the operator's own server. Entry:
// createIssuer. It works in rounds: open the authority, look at what is due, issue, sleep until the next is due.
// Secrets are written by the operator that leads; the server of each has a certificate.
import type { CertificatesIr, IdentityIr } from '../ir/mesh-ir.ts';
import type { Authority, LeafRequest } from './authority.ts';
import { textOf } from './error-text.ts';
import { type Issuer, type IssuerPorts, type IssuerState, nothingIssued } from './issuer-ports.ts';
import { stateAfter } from './issuer-state.ts';
import { IdentitySecrets } from './identity-secrets.ts';
import { Reminders } from './reminders.ts';
import { Revocations } from './revocations.ts';
import { RootUnusable } from './root.ts';
import { Rounds } from './rounds.ts';
import { holdersOf } from './rotation.ts';
import { earliest, sleepMs } from './schedule.ts';
import { type ServerCertificate, ServerCertificates, ServerCertificateSlot } from './server-certificate.ts';
import { TrustPublication } from './trust-publication.ts';
import { WantedRotation } from './wanted-rotation.ts';
import { trustBundleName } from '../values/pod-certificates.ts';

/** At least this often the root is looked at again, in case it was replaced, deleted or damaged. */
const recheckMs = 300_000;
/** At least this often a Secret of the user is looked at. */
const pluggedRecheckMs = 15_000;
/** After a change of `issuedAfter`, those that do not lead look for the list of revoked certificates so long. */
const watchMs = 600_000;

export function createIssuer(ports: IssuerPorts): Issuer {
  return new SecretIssuer(ports);
}

class SecretIssuer implements Issuer {
  readonly name = 'certificates';
  readonly #ports: IssuerPorts;
  readonly #rounds: Rounds;
  readonly #servers = new ServerCertificates();
  readonly #revocations: Revocations;
  readonly #identities: IdentitySecrets;
  readonly #trust: TrustPublication;
  readonly #reminders: Reminders;
  readonly #rotation = new WantedRotation();
  /** Until then the leader may be about to revoke what was replaced. */
  #watchUntil = 0;
  /** What the certificates were looked at for. */
  #roots: string | undefined;
  #recheckAt = 0;
  #state: IssuerState = { ...nothingIssued };
  #issued = 0;
  #failedRounds = 0;
  #isAble = false;
  #isLeading = false;
  #leadingSinceMs = 0;

  constructor(ports: IssuerPorts) {
    this.#ports = ports;
    this.#rounds = new Rounds({
      clock: ports.clock,
      round: () => this.#round(),
      sleepMs: () => this.#sleepMs(),
    });
    this.#revocations = new Revocations(ports);
    this.#identities = new IdentitySecrets({ ...ports, revocations: this.#revocations });
    this.#trust = new TrustPublication(ports);
    this.#reminders = new Reminders(ports);
  }

  /** Resolves after the first round, whatever came of it: an unusable root is a condition, not the end of the process. */
  async start(): Promise<void> {
    await this.#rounds.start();
  }

  async stop(): Promise<void> {
    this.#servers.stop();
    await this.#rounds.stop();
  }

  ready(): boolean {
    return this.#isAble && !this.#rounds.isStopped;
  }

  state(): IssuerState {
    return this.#state;
  }

  onStartedLeading(): void {
    this.#isLeading = true;
    this.#leadingSinceMs = this.#ports.clock.now();
    // Another operator may have written since.
    this.#identities.recheckAll();
    this.#trust.forget();
    this.#rounds.wake();
  }

  async onStoppedLeading(): Promise<void> {
    this.#isLeading = false;
    await this.#rounds.settled();
  }

  setIdentities(identities: readonly IdentityIr[], certificates: CertificatesIr): void {
    if (certificates.issuedAfterMs !== this.#identities.issuedAfterMs()) {
      this.#watchUntil = this.#ports.clock.now() + watchMs;
    }
    const isOtherWish = this.#rotation.set(certificates);
    if (this.#identities.set(identities, certificates) || isOtherWish) this.#rounds.wake();
  }

  setTrustWanted(isWanted: boolean): void {
    if (this.#trust.want(isWanted)) this.#rounds.wake();
  }

  evidenceChanged(): void {
    const { root } = this.#state;
    const rotation = root?.rotation ?? null;
    if (!this.#isLeading || root === undefined || rotation === null) return;
    if (holdersOf(rotation, root.wanted, this.#ports.evidence()).length === 0) this.#rounds.wake();
  }

  recheck(identities: readonly IdentityIr[]): void {
    if (identities.length === 0) return;
    this.#identities.recheck(identities);
    if (this.#isLeading) this.#rounds.wake();
  }

  async serverCertificate(
    request: LeafRequest,
    onRenewed: (renewed: ServerCertificate) => void,
  ): Promise<ServerCertificate> {
    const slot = new ServerCertificateSlot(request, onRenewed);
    this.#servers.add(slot);
    if (this.#rounds.isStopped) slot.stop();
    this.#rounds.wake();
    return slot.first;
  }

  async #round(): Promise<void> {
    const problems: string[] = [];
    try {
      const authority = await this.#ports.openAuthority(this.#isLeading);
      this.#isAble = true;
      this.#recheckAt =
        this.#ports.clock.now() + (authority.facts.wanted === null ? recheckMs : pluggedRecheckMs);
      this.#forgetIfOutdated(authority);
      await this.#revocations.load(authority);
      await this.#serveOwn(authority, problems);
      const mayNot = (): boolean => this.#rounds.isStopped || !this.#isLeading;
      const ofIdentities: string[] = [];
      this.#issued += await this.#identities.serve(authority, ofIdentities, mayNot);
      if (!mayNot()) await this.#revoke(authority, problems);
      if (!mayNot()) await this.#publishTrust(authority, problems);
      this.#rotation.look(authority, this.#ports.clock.now());
      const isDone = problems.length === 0 && this.#revocations.isWhole();
      this.#finish(authority, [...problems, ...ofIdentities]);
      if (!mayNot()) await this.#rotate(authority, isDone);
    } catch (error) {
      this.#isAble = false;
      const message = textOf(error);
      problems.push(
        error instanceof RootUnusable ? message : `Cannot open the certificate authority: ${message}.`,
      );
      this.#finish(undefined, problems);
    }
  }

  /** All certificates are to be looked at again. */
  #forgetIfOutdated(authority: Authority): void {
    const roots = JSON.stringify([authority.signer, authority.controlPlaneBundle()]);
    if (roots === this.#roots) return;
    this.#roots = roots;
    this.#identities.recheckAll();
  }

  /**
   * isDone: all that the present phase asks of the operator was done. A Secret that cannot be written is none of that: a tenant could hold
   * up everybody with one, and the sidecars that wait for it hold up the rotation themselves.
   */
  async #rotate(authority: Authority, isDone: boolean): Promise<void> {
    const isRevoking = this.#revocations.isRevoking();
    const leadingSinceMs = this.#leadingSinceMs;
    const own = { isDone, isRevoking, leadingSinceMs };
    if (await this.#rotation.takeStep(authority, own, this.#ports)) return this.#rounds.wake();
    const { rotation, wanted } = this.#state.root ?? {};
    const now = this.#ports.clock.now();
    if (rotation && wanted) this.#reminders.remind(rotation, wanted, { leadingSinceMs, now });
  }

  async #serveOwn(authority: Authority, problems: string[]): Promise<void> {
    const revocationList = this.#revocations.list();
    const now = this.#ports.clock.now();
    this.#issued += await this.#servers.refresh(authority, { revocationList, now, problems });
  }

  /** After the certificates in use were looked at: none of them is to be on the list. */
  async #revoke(authority: Authority, problems: string[]): Promise<void> {
    try {
      await this.#revocations.settle(this.#identities.issuedAfterMs());
      await this.#serveOwn(authority, problems);
    } catch (error) {
      problems.push(`Replaced certificates cannot be revoked: ${textOf(error)}.`);
    }
  }

  async #publishTrust(authority: Authority, problems: string[]): Promise<void> {
    try {
      await this.#trust.publish(authority.controlPlaneBundle());
    } catch (error) {
      problems.push(
        `Pods that start cannot get the root certificates: ClusterTrustBundle ${trustBundleName} cannot be written: ${textOf(error)}.`,
      );
    }
  }

  /** authority undefined: it cannot be opened, and what is known of it stays. */
  #finish(authority: Authority | undefined, problems: string[]): void {
    problems.sort();
    this.#failedRounds = problems.length === 0 ? 0 : this.#failedRounds + 1;
    const before = this.#state;
    const ends = this.#identities.ends();
    this.#state = stateAfter(before, {
      authority,
      isRevoking: this.#revocations.isRevoking(),
      troubles: this.#isLeading ? this.#identities.troubles() : null,
      nextRenewalMs: this.#nextRenewal(),
      leafEnds: this.#isLeading ? ends.byNamespace() : [],
      late: this.#isLeading ? ends.late(this.#ports.clock.now()) : null,
      issued: this.#issued,
      isTrustPublished: this.#trust.isDone(),
      problems,
    });
    if (JSON.stringify(before) === JSON.stringify(this.#state)) return;
    if (problems.join() !== before.problems.join()) this.#logProblems(problems);
    this.#ports.onChange?.(this.#state);
  }

  #logProblems(problems: readonly string[]): void {
    if (problems.length > 0) this.#ports.log.error({ problems }, 'cannot issue certificates');
    else this.#ports.log.info({}, 'issuing certificates again');
  }

  #nextRenewal(): number | undefined {
    const secrets = this.#isLeading ? this.#identities.nextRenewalMs() : undefined;
    return earliest([secrets, ...this.#servers.dueAt()]);
  }

  #sleepMs(): number {
    const now = this.#ports.clock.now();
    const look = this.#isLeading ? this.#identities.nextLookMs() : undefined;
    const rotation = this.#rotation.dueMs(this.#state.root?.facts, now);
    return sleepMs({
      now,
      failedRounds: this.#failedRounds,
      isRotating: this.#rotation.isRotating,
      isWatching: !this.#isLeading && now < this.#watchUntil,
      due: [look, rotation, this.#nextRenewal(), this.#recheckAt],
      listDue: this.#revocations.nextMs(),
    });
  }
}
