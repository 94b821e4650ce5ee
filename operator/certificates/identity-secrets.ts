// One Secret for each identity: which are due for a look, and what to do with one that is not good. The issuer
// says when; this knows no schedule and no root.
import type { CertificatesIr, IdentityIr } from '../ir/mesh-ir.ts';
import type { Log } from '../process/log.ts';
import type { SecretPort } from '../ports/platform.ts';
import type { Authority } from './authority.ts';
import { certificateLabels, certificateSecretName } from './names.ts';
import { checkLeaf, type WantedLeaf } from './renewal.ts';
import type { Clock } from '../process/clock.ts';

/** Secrets read and written at a time. */
const parallel = 8;

interface IdentityPorts {
  readonly secrets: SecretPort;
  readonly clock: Clock;
  readonly log: Log;
  /** A certificate was replaced long before its end. */
  readonly onReplaced?: (identity: IdentityIr) => void;
}

export class IdentitySecrets {
  readonly #ports: IdentityPorts;
  #identities = new Map<string, IdentityIr>();
  #wanted: CertificatesIr = { ttlMs: 0, issuedAfterMs: null };
  /** When each identity whose Secret was found good is to be looked at again, in ms since 1970. */
  #dueAt = new Map<string, number>();

  constructor(ports: IdentityPorts) {
    this.#ports = ports;
  }

  /** Returns whether anything is new. Only what is new becomes due. */
  set(identities: readonly IdentityIr[], wanted: CertificatesIr): boolean {
    const next = new Map(identities.map((identity) => [keyOf(identity), identity]));
    const isSameWish =
      wanted.ttlMs === this.#wanted.ttlMs && wanted.issuedAfterMs === this.#wanted.issuedAfterMs;
    const isSame =
      next.size === this.#identities.size && [...next.keys()].every((key) => this.#identities.has(key));
    if (isSame && isSameWish) return false;
    const kept = isSameWish ? [...this.#dueAt].filter(([key]) => next.has(key)) : [];
    this.#dueAt = new Map(kept);
    this.#identities = next;
    this.#wanted = wanted;
    return true;
  }

  /** Makes every identity due for a look. */
  recheckAll(): void {
    this.#dueAt = new Map();
  }

  /** Of the identities whose Secret was found good, in ms since 1970. */
  dueTimes(): number[] {
    return [...this.#dueAt.values()];
  }

  /** Looks at every identity that is due; adds a sentence for each failure. Resolves to the number of certificates issued. */
  async serve(authority: Authority, problems: string[], isStopped: () => boolean): Promise<number> {
    const now = this.#ports.clock.now();
    const [known, wanted] = [this.#dueAt, this.#wanted];
    const due = [...this.#identities.values()]
      .filter((identity) => (known.get(keyOf(identity)) ?? 0) <= now)
      .values();
    let issued = 0;
    const worker = async (): Promise<void> => {
      for (const identity of due) {
        if (isStopped()) return;
        try {
          // Each worker takes one at a time: that is the bound.
          // oxlint-disable-next-line no-await-in-loop
          const done = await this.#ensure(authority, identity, wanted);
          issued += done.isIssued ? 1 : 0;
          // Replaced by set() in the meantime: what was found may not be what is wanted now.
          if (known === this.#dueAt) known.set(keyOf(identity), done.dueAt);
        } catch (error) {
          problems.push(
            `The certificate in Secret ${secretOf(identity)} cannot be issued: ${textOf(error)}.`,
          );
        }
      }
    };
    await Promise.all(Array.from({ length: parallel }, worker));
    return issued;
  }

  /** Leaves a good certificate in the identity's Secret. */
  async #ensure(
    authority: Authority,
    identity: IdentityIr,
    { ttlMs, issuedAfterMs }: CertificatesIr,
  ): Promise<{ isIssued: boolean; dueAt: number }> {
    const { namespace, serviceAccount, spiffeId } = identity;
    const name = certificateSecretName(serviceAccount);
    const trustBundle = authority.trustBundle();
    const { secrets, clock, log, onReplaced } = this.#ports;
    const rootNotAfter = authority.rootNotAfter();
    const want: WantedLeaf = { spiffeId, ttlMs, issuedAfterMs, trustBundle, rootNotAfter };
    const found = checkLeaf(await secrets.read(namespace, name), want, clock.now());
    if (found.good) return { isIssued: false, dueAt: found.renewAt.getTime() };
    const pair = await authority.issue({ spiffeId, ttlMs });
    const data = { 'tls.crt': pair.certificate, 'tls.key': pair.privateKey, 'ca.crt': trustBundle };
    await secrets.write(namespace, name, data, certificateLabels(serviceAccount));
    const { reason } = found;
    log.info({ spiffeId, secret: secretOf(identity), reason, notAfter: pair.notAfter }, 'certificate issued');
    if (reason !== 'Missing' && reason !== 'Due') onReplaced?.(identity);
    const issued = checkLeaf(data, want, clock.now());
    return { isIssued: true, dueAt: issued.good ? issued.renewAt.getTime() : 0 };
  }
}

/** The message of whatever was thrown. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function secretOf(identity: IdentityIr): string {
  return `${identity.namespace}/${certificateSecretName(identity.serviceAccount)}`;
}

function keyOf(identity: IdentityIr): string {
  return `${identity.namespace}/${identity.serviceAccount}/${identity.spiffeId}`;
}
