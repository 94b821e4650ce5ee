// One Secret for each identity: which are due for a look, and what to do with one that is not good. The issuer
// says when; this knows no schedule and no root.
import type { CertificatesIr, IdentityIr } from '../ir/mesh-ir.ts';
import type { Log } from '../process/log.ts';
import type { SecretData, SecretPort } from '../ports/platform.ts';
import type { Authority } from './authority.ts';
import { eachOf, secretOf } from './each-of.ts';
import { textOf } from './error-text.ts';
import { endOf, LeafEnds, storedEnd } from './leaf-ends.ts';
import { KnownLeaves } from './known-leaves.ts';
import { type Due, dueOf, earliest } from './look-schedule.ts';
import { certificateLabels, certificateSecretName } from './names.ts';
import {
  type LeafCheck,
  isIssuedBefore,
  type RememberedLeaf,
  type RenewalReason,
  replacedLeaf,
  type WantedLeaf,
} from './renewal.ts';
import type { Revocations } from './revocations.ts';
import { filesOf } from './requested/own-leaf.ts';
import { type Troubles, troublesOf, type Waiting } from './requested/trouble.ts';
import type { Clock } from '../process/clock.ts';

/** Secrets looked at before those of them that are outdated are replaced. */
const atATime = 64;
interface IdentityPorts {
  readonly revocations: Pick<Revocations, 'remember'>;
  readonly secrets: SecretPort;
  readonly clock: Clock;
  readonly log: Log;
  /** A certificate was replaced long before its end. */
  readonly onReplaced?: (identity: IdentityIr) => void;
}

type WantedLife = Pick<CertificatesIr, 'ttlMs' | 'issuedAfterMs'>;

interface Outdated extends IdentityIr {
  readonly reason: RenewalReason;
  readonly data: SecretData | undefined;
  /** What is in the Secret, if anybody would believe it. */
  readonly replaced: RememberedLeaf | undefined;
}

interface Round {
  readonly authority: Authority;
  readonly wanted: WantedLife;
  readonly known: Map<string, Due>;
  /** Sentences for the user. */
  readonly problems: string[];
  readonly waiting: Waiting[];
  readonly isStopped: () => boolean;
}

export class IdentitySecrets {
  readonly #ports: IdentityPorts;
  #identities = new Map<string, IdentityIr>();
  #wanted: WantedLife = { ttlMs: 0, issuedAfterMs: null };
  /** Of each identity whose Secret was found good. */
  #due = new Map<string, Due>();
  readonly #leaves = new KnownLeaves();
  readonly #ends = new LeafEnds();
  #troubles: Troubles | null = null;

  constructor(ports: IdentityPorts) {
    this.#ports = ports;
  }

  /** Returns whether anything is new. Only what is new becomes due. */
  set(identities: readonly IdentityIr[], wanted: WantedLife): boolean {
    const next = new Map(identities.map((identity) => [keyOf(identity), identity]));
    const isSameWish =
      wanted.ttlMs === this.#wanted.ttlMs && wanted.issuedAfterMs === this.#wanted.issuedAfterMs;
    const isSame =
      next.size === this.#identities.size && [...next.keys()].every((key) => this.#identities.has(key));
    if (isSame && isSameWish) return false;
    const kept = isSameWish ? [...this.#due].filter(([key]) => next.has(key)) : [];
    this.#due = new Map(kept);
    this.#leaves.keep(next);
    this.#ends.keep(next);
    this.#identities = next;
    this.#wanted = wanted;
    return true;
  }

  /** Makes every identity due for a look. */
  recheckAll(): void {
    this.#due = new Map();
  }

  /** Makes these due for a look. */
  recheck(identities: readonly IdentityIr[]): void {
    for (const identity of identities) this.#due.delete(keyOf(identity));
  }

  issuedAfterMs(): number | null {
    return this.#wanted.issuedAfterMs;
  }

  /** When the next certificate is to be renewed, in ms since 1970; undefined while no Secret was found good. */
  nextRenewalMs(): number | undefined {
    return earliest(this.#due, ({ renewAtMs }) => renewAtMs);
  }

  /** When certificates expire. */
  ends(): Pick<LeafEnds, 'byNamespace' | 'late'> {
    return this.#ends;
  }

  /** Of an issuer outside, in the last round; null: none. */
  troubles(): Troubles | null {
    return this.#troubles;
  }

  /** When the next Secret is to be looked at. */
  nextLookMs(): number | undefined {
    return earliest(this.#due, ({ lookAtMs }) => lookAtMs);
  }

  /**
   * Looks at every identity that is due, some at a time: what is not good is remembered as replaced, and then replaced. Adds a
   * sentence for each failure. Resolves to the number of certificates issued.
   */
  async serve(authority: Authority, problems: string[], isStopped: () => boolean): Promise<number> {
    const now = this.#ports.clock.now();
    const [known, wanted] = [this.#due, this.#wanted];
    const due = [...this.#identities.values()].filter(
      (identity) => (known.get(keyOf(identity))?.lookAtMs ?? 0) <= now,
    );
    const waiting: Waiting[] = [];
    const round: Round = { authority, wanted, known, problems, waiting, isStopped };
    let issued = 0;
    for (let from = 0; from < due.length; from += atATime) {
      // oxlint-disable-next-line no-await-in-loop -- a certificate is remembered shortly before it is replaced
      issued += await this.#serveSome(due.slice(from, from + atATime), round);
    }
    this.#troubles = troublesOf(waiting);
    problems.push(...(this.#troubles?.texts ?? []));
    return issued;
  }

  async #serveSome(identities: readonly IdentityIr[], round: Round): Promise<number> {
    const outdated: Outdated[] = [];
    await eachOf(identities, round, async (identity) => {
      const found = await this.#look(identity, round);
      if (found !== null) outdated.push(found);
    });
    const remembered = await this.#remember(outdated, round);
    return eachOf(remembered, round, (it) => this.#issue(it, round));
  }

  /** null: its certificate is good. */
  async #look(identity: IdentityIr, round: Round): Promise<Outdated | null> {
    const { namespace, serviceAccount } = identity;
    const data = await this.#ports.secrets.read(namespace, certificateSecretName(serviceAccount));
    const want = wantedLeaf(identity, round);
    const found = this.#leaves.check(keyOf(identity), data, want, this.#ports.clock.now());
    this.#ends.note(keyOf(identity), identity, found.good ? endOf(found) : storedEnd(data));
    if (!found.good) {
      const staysGood = found.reason === 'OtherRoots';
      const replaced = staysGood ? undefined : replacedLeaf(data, want.trustBundle);
      return { ...identity, reason: found.reason, data, replaced };
    }
    this.#note(identity, round, found);
    return null;
  }

  /** Those that may be replaced: what cannot be remembered can never be revoked, so that it waits if it is to be. */
  async #remember(outdated: readonly Outdated[], { wanted, problems }: Round): Promise<readonly Outdated[]> {
    const { revocations, clock } = this.#ports;
    try {
      await revocations.remember(outdated.flatMap(({ replaced }) => replaced ?? []));
      return outdated;
    } catch (error) {
      problems.push(
        `Replaced certificates cannot be remembered for revocation: ${textOf(error)}. Those issued before spec.certificates.issuedAfter stay until they can.`,
      );
      const { issuedAfterMs } = wanted;
      return outdated.filter(
        ({ replaced }) =>
          replaced === undefined || !isIssuedBefore(replaced.notBeforeMs, issuedAfterMs, clock.now()),
      );
    }
  }

  /** Leaves a good certificate in the identity's Secret. */
  async #issue(identity: Outdated, round: Round): Promise<void> {
    const { namespace, serviceAccount, spiffeId, reason } = identity;
    const { secrets, clock, log, onReplaced } = this.#ports;
    const want = wantedLeaf(identity, round);
    const staysGood = reason === 'OtherRoots' && identity.data !== undefined;
    const files = staysGood ? identity.data : await freshFiles(round.authority, want);
    const data = { ...files, 'ca.crt': want.trustBundle };
    const name = certificateSecretName(serviceAccount);
    await secrets.write(namespace, name, data, certificateLabels(serviceAccount));
    const said = { spiffeId, secret: secretOf(identity), reason };
    if (staysGood) log.info(said, 'roots beside a certificate replaced');
    else log.info(said, 'certificate issued');
    if (reason !== 'Missing' && reason !== 'Due' && !staysGood) onReplaced?.(identity);
    const issued = this.#leaves.check(keyOf(identity), data, want, clock.now());
    this.#ends.note(keyOf(identity), identity, issued.good ? endOf(issued) : storedEnd(data));
    this.#note(identity, round, issued);
  }

  #note(identity: IdentityIr, { known }: Round, found: LeafCheck): void {
    // Replaced by set() in the meantime: what was found may not be what is wanted now.
    if (known !== this.#due) return;
    const now = this.#ports.clock.now();
    known.set(keyOf(identity), dueOf(identity.spiffeId, found, this.#identities.size, now));
  }
}

function wantedLeaf({ spiffeId }: IdentityIr, { authority, wanted }: Round): WantedLeaf {
  const { ttlMs, issuedAfterMs } = wanted;
  return {
    spiffeId,
    ttlMs,
    issuedAfterMs,
    trustBundle: authority.controlPlaneBundle(),
    signer: authority.signer,
  };
}

async function freshFiles(authority: Authority, { spiffeId, ttlMs }: WantedLeaf): Promise<SecretData> {
  return filesOf(await authority.issue({ spiffeId, ttlMs }));
}

function keyOf(identity: IdentityIr): string {
  return `${identity.namespace}/${identity.serviceAccount}/${identity.spiffeId}`;
}
