// Keeps a good certificate in the Secret of every identity, and one for the operator's own server. Entry:
// createIssuer. It works in rounds: open the authority, look at what is due, issue, sleep until the next is due.
// Secrets are written by the operator that leads; the server of each has a certificate.
import type { CertificatesIr, IdentityIr } from '../ir/mesh-ir.ts';
import type { Component } from '../process/lifecycle.ts';
import type { Log } from '../process/log.ts';
import type { SecretPort } from '../ports/platform.ts';
import type { Authority, LeafRequest } from './authority.ts';
import { IdentitySecrets, textOf } from './identity-secrets.ts';
import { RootUnusable } from './root.ts';
import { type ServerCertificate, ServerCertificateSlot } from './server-certificate.ts';
import type { Clock } from '../process/clock.ts';

/** At least this often the root is looked at again, in case it was replaced, deleted or damaged. */
const recheckMs = 300_000;
const firstRetryMs = 1_000;
const maxRetryMs = 60_000;

export interface IssuerPorts {
  /** Called in every round, so that a root that was repaired or replaced is taken without a restart. */
  readonly openAuthority: () => Promise<Authority>;
  readonly secrets: SecretPort;
  readonly clock: Clock;
  readonly log: Log;
  /** A certificate was replaced long before its end: those who use it should not wait for the new one. */
  readonly onReplaced?: (identity: IdentityIr) => void;
  /** state() says something new. */
  readonly onChange?: (state: IssuerState) => void;
}

export interface IssuerState {
  /** undefined until a usable root was opened. */
  readonly rootNotAfter: Date | undefined;
  readonly nextRenewal: Date | undefined;
  /** Certificates issued since the start. */
  readonly issued: number;
  /** Why certificates cannot be issued: sentences for the user. Empty when all is well. */
  readonly problems: readonly string[];
}

export interface Issuer extends Component {
  /** Replaces the identities to keep certificates for. Secrets of former ones stay: a pod may still mount them. */
  setIdentities(identities: readonly IdentityIr[], certificates: CertificatesIr): void;
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
  /** From now on it writes Secrets, until onStoppedLeading. */
  onStartedLeading(): void;
  /** Resolves when no Secret is written any more. */
  onStoppedLeading(): Promise<void>;
}

export function createIssuer(ports: IssuerPorts): Issuer {
  return new SecretIssuer(ports);
}

class SecretIssuer implements Issuer {
  readonly name = 'certificates';
  readonly #ports: IssuerPorts;
  readonly #slots: ServerCertificateSlot[] = [];
  readonly #identities: IdentitySecrets;
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
    this.#identities = new IdentitySecrets(ports);
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
    for (const slot of this.#slots) slot.stop();
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
    this.#slots.push(slot);
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
      await this.#serveSlots(authority, problems);
      const mayNot = (): boolean => this.#isStopped || !this.#isLeading;
      this.#issued += await this.#identities.serve(authority, problems, mayNot);
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

  async #serveSlots(authority: Authority, problems: string[]): Promise<void> {
    const refresh = async (slot: ServerCertificateSlot): Promise<void> => {
      try {
        if (await slot.refresh(authority, this.#ports.clock.now())) this.#issued += 1;
      } catch (error) {
        problems.push(
          `The operator's own certificate (${slot.spiffeId}) cannot be issued: ${textOf(error)}.`,
        );
      }
    };
    await Promise.all(this.#slots.map(refresh));
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
    return earliest([secrets, ...this.#slots.map((slot) => slot.dueAt())]);
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
    const next = earliest([look, this.#nextRenewal(), this.#recheckAt]) ?? now;
    return Math.max(next - now, firstRetryMs);
  }
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
