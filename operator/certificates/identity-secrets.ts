// One Secret for each identity: which are due for a look, and what to do with one that is not good. The issuer
// says when; this knows no schedule and no root.
import type { CertificatesIr, IdentityIr } from '../ir/mesh-ir.ts';
import type { Log } from '../process/log.ts';
import type { SecretPort } from '../ports/platform.ts';
import type { Authority } from './authority.ts';
import { certificateLabels, certificateSecretName } from './names.ts';
import { checkLeaf, shareOf, type WantedLeaf } from './renewal.ts';
import type { Clock } from '../process/clock.ts';

/** Secrets read and written at a time. */
const parallel = 8;
/** So often a Secret that is good is looked at again, in case it was deleted or damaged. */
const lookMs = 300_000;
/** In a mesh of more than 300 identities more seldom: no more than one look in so long, on average. */
const lookIntervalMs = 1000;
/** Looks that are due at about the same time are one round. */
const gridMs = 30_000;

interface Due {
  /** When the certificate is to be renewed, in ms since 1970. */
  readonly renewAtMs: number;
  readonly lookAtMs: number;
}

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
  /** Of each identity whose Secret was found good. */
  #due = new Map<string, Due>();

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
    const kept = isSameWish ? [...this.#due].filter(([key]) => next.has(key)) : [];
    this.#due = new Map(kept);
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

  /** When the next certificate is to be renewed, in ms since 1970; undefined while no Secret was found good. */
  nextRenewalMs(): number | undefined {
    return earliest(this.#due, ({ renewAtMs }) => renewAtMs);
  }

  /** When the next Secret is to be looked at. */
  nextLookMs(): number | undefined {
    return earliest(this.#due, ({ lookAtMs }) => lookAtMs);
  }

  /** Looks at every identity that is due; adds a sentence for each failure. Resolves to the number of certificates issued. */
  async serve(authority: Authority, problems: string[], isStopped: () => boolean): Promise<number> {
    const now = this.#ports.clock.now();
    const [known, wanted] = [this.#due, this.#wanted];
    const due = [...this.#identities.values()]
      .filter((identity) => (known.get(keyOf(identity))?.lookAtMs ?? 0) <= now)
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
          if (known === this.#due) known.set(keyOf(identity), this.#dueOf(identity, done.renewAtMs));
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
  ): Promise<{ isIssued: boolean; renewAtMs: number }> {
    const { namespace, serviceAccount, spiffeId } = identity;
    const name = certificateSecretName(serviceAccount);
    const trustBundle = authority.trustBundle();
    const { secrets, clock, log, onReplaced } = this.#ports;
    const rootNotAfter = authority.rootNotAfter();
    const want: WantedLeaf = { spiffeId, ttlMs, issuedAfterMs, trustBundle, rootNotAfter };
    const found = checkLeaf(await secrets.read(namespace, name), want, clock.now());
    if (found.good) return { isIssued: false, renewAtMs: found.renewAt.getTime() };
    const pair = await authority.issue({ spiffeId, ttlMs });
    const data = { 'tls.crt': pair.certificate, 'tls.key': pair.privateKey, 'ca.crt': trustBundle };
    await secrets.write(namespace, name, data, certificateLabels(serviceAccount));
    const { reason } = found;
    log.info({ spiffeId, secret: secretOf(identity), reason, notAfter: pair.notAfter }, 'certificate issued');
    if (reason !== 'Missing' && reason !== 'Due') onReplaced?.(identity);
    const issued = checkLeaf(data, want, clock.now());
    return { isIssued: true, renewAtMs: issued.good ? issued.renewAt.getTime() : 0 };
  }

  /** Each identity has a moment of its own in every period, so that the looks are spread over it. */
  #dueOf({ spiffeId }: IdentityIr, renewAtMs: number): Due {
    const now = this.#ports.clock.now();
    const periodMs = onGrid(Math.max(lookMs, this.#identities.size * lookIntervalMs));
    const sinceOwnMs = (now - onGrid(shareOf(spiffeId) * periodMs)) % periodMs;
    return { renewAtMs, lookAtMs: Math.min(renewAtMs, now - sinceOwnMs + periodMs) };
  }
}

/** The message of whatever was thrown. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function onGrid(ms: number): number {
  return Math.floor(ms / gridMs) * gridMs;
}

function earliest(dues: ReadonlyMap<string, Due>, of: (due: Due) => number): number | undefined {
  let first: number | undefined;
  for (const due of dues.values()) first = Math.min(first ?? Infinity, of(due));
  return first;
}

function secretOf(identity: IdentityIr): string {
  return `${identity.namespace}/${certificateSecretName(identity.serviceAccount)}`;
}

function keyOf(identity: IdentityIr): string {
  return `${identity.namespace}/${identity.serviceAccount}/${identity.spiffeId}`;
}
