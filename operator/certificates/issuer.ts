// Keeps a good certificate in the Secret of every identity, and one for the operator's own server. Entry:
// createIssuer. It works in rounds: open the authority, look at what is due, issue, sleep until the next is due.
// Secrets are written by the operator that leads; the server of each has a certificate.
import type { CertificatesIr, IdentityIr } from '../ir/mesh-ir.ts';
import type { Authority, LeafRequest } from './authority.ts';
import { textOf } from './error-text.ts';
import type { Issuer, IssuerPorts, IssuerState } from './issuer-ports.ts';
import { IdentitySecrets } from './identity-secrets.ts';
import { Revocations } from './revocations.ts';
import { RootUnusable } from './root.ts';
import { type ServerCertificate, ServerCertificates, ServerCertificateSlot } from './server-certificate.ts';

/** At least this often the root is looked at again, in case it was replaced, deleted or damaged. */
const recheckMs = 300_000;
/** After a change of `issuedAfter`, those that do not lead look for the list of revoked certificates so long, so often. */
const [watchMs, watchEveryMs] = [600_000, 5_000];
const firstRetryMs = 1_000;
const maxRetryMs = 60_000;

export function createIssuer(ports: IssuerPorts): Issuer {
  return new SecretIssuer(ports);
}

class SecretIssuer implements Issuer {
  readonly name = 'certificates';
  readonly #ports: IssuerPorts;
  readonly #servers = new ServerCertificates();
  readonly #revocations: Revocations;
  readonly #identities: IdentitySecrets;
  /** Until then the leader may be about to revoke what was replaced. */
  #watchUntil = 0;
  #bundle: string | undefined;
  #recheckAt = 0;
  #state: IssuerState = { rootNotAfter: undefined, nextRenewal: undefined, issued: 0, problems: [] };
  #issued = 0;
  #failedRounds = 0;
  #running: Promise<void> | undefined;
  #isWanted = false;
  #isStarted = false;
  #isStopped = false;
  #isAble = false;
  #isLeading = false;
  #cancelTimer: () => void = () => undefined;

  constructor(ports: IssuerPorts) {
    this.#ports = ports;
    this.#revocations = new Revocations(ports);
    this.#identities = new IdentitySecrets({ ...ports, revocations: this.#revocations });
  }

  /** Resolves after the first round, whatever came of it: an unusable root is a condition, not the end of the process. */
  async start(): Promise<void> {
    this.#isStarted = true;
    this.#wake();
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
    this.#servers.stop();
    await this.#running;
  }

  ready(): boolean {
    return this.#isAble && !this.#isStopped;
  }

  state(): IssuerState {
    return this.#state;
  }

  onStartedLeading(): void {
    this.#isLeading = true;
    // Another operator may have written since.
    this.#identities.recheckAll();
    this.#wake();
  }

  async onStoppedLeading(): Promise<void> {
    this.#isLeading = false;
    await this.#running;
  }

  setIdentities(identities: readonly IdentityIr[], certificates: CertificatesIr): void {
    if (certificates.issuedAfterMs !== this.#identities.issuedAfterMs()) {
      this.#watchUntil = this.#ports.clock.now() + watchMs;
    }
    if (this.#identities.set(identities, certificates)) this.#wake();
  }

  recheck(identities: readonly IdentityIr[]): void {
    if (identities.length === 0) return;
    this.#identities.recheck(identities);
    if (this.#isLeading) this.#wake();
  }

  async serverCertificate(
    request: LeafRequest,
    onRenewed: (renewed: ServerCertificate) => void,
  ): Promise<ServerCertificate> {
    const slot = new ServerCertificateSlot(request, onRenewed);
    this.#servers.add(slot);
    if (this.#isStopped) slot.stop();
    this.#wake();
    return slot.first;
  }

  /** Runs rounds, one at a time, until nothing new was asked for while one ran. */
  #wake(): void {
    this.#isWanted = true;
    if (!this.#isStarted || this.#isStopped || this.#running !== undefined) return;
    this.#cancelTimer();
    this.#running = this.#rounds().finally(() => {
      this.#running = undefined;
      this.#sleep();
    });
  }

  async #rounds(): Promise<void> {
    while (this.#isWanted && !this.#isStopped) {
      this.#isWanted = false;
      // Rounds follow each other: the next must see what this one wrote.
      // oxlint-disable-next-line no-await-in-loop
      await this.#round();
    }
  }

  async #round(): Promise<void> {
    const problems: string[] = [];
    try {
      const authority = await this.#ports.openAuthority();
      this.#isAble = true;
      this.#recheckAt = this.#ports.clock.now() + recheckMs;
      this.#forgetIfOutdated(authority.trustBundle());
      await this.#revocations.load(authority);
      await this.#serveOwn(authority, problems);
      const mayNot = (): boolean => this.#isStopped || !this.#isLeading;
      this.#issued += await this.#identities.serve(authority, problems, mayNot);
      if (!mayNot()) await this.#revoke(authority, problems);
      this.#finish(authority.rootNotAfter(), problems);
    } catch (error) {
      this.#isAble = false;
      const message = textOf(error);
      problems.push(
        error instanceof RootUnusable ? message : `Cannot open the certificate authority: ${message}.`,
      );
      this.#finish(this.#state.rootNotAfter, problems);
    }
  }

  #forgetIfOutdated(bundle: string): void {
    if (bundle === this.#bundle) return;
    this.#bundle = bundle;
    this.#identities.recheckAll();
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

  #finish(rootNotAfter: Date | undefined, problems: string[]): void {
    problems.sort();
    this.#failedRounds = problems.length === 0 ? 0 : this.#failedRounds + 1;
    const before = this.#state;
    const next = this.#nextRenewal();
    this.#state = {
      rootNotAfter,
      nextRenewal: next === undefined || next === 0 ? undefined : new Date(next),
      issued: this.#issued,
      problems,
    };
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

  #sleep(): void {
    if (this.#isStopped) return;
    if (this.#isWanted) return this.#wake();
    this.#cancelTimer = this.#ports.clock.after(this.#sleepMs(), () => this.#wake());
  }

  #sleepMs(): number {
    if (this.#failedRounds > 0) return Math.min(firstRetryMs * 2 ** (this.#failedRounds - 1), maxRetryMs);
    const now = this.#ports.clock.now();
    const look = this.#isLeading ? this.#identities.nextLookMs() : undefined;
    const isWatching = !this.#isLeading && now < this.#watchUntil;
    const list = isWatching ? now + watchEveryMs : this.#revocations.nextMs();
    const next = earliest([look, list, this.#nextRenewal(), this.#recheckAt]) ?? now;
    return Math.max(next - now, firstRetryMs);
  }
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
