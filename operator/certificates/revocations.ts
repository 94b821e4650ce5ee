// Certificates that were replaced are remembered in a Secret of the operator's own until they expire; those that were issued before
// `issuedAfter` are on a list beside them, signed by the root. The leader writes, every operator reads: all serve the same bytes.
import type { Log } from '../process/log.ts';
import type { SecretData, SecretPort } from '../ports/platform.ts';
import type { Clock } from '../process/clock.ts';
import { managedLabels } from '../values/own-names.ts';
import type { Authority, RevocationLists } from './authority.ts';
import { revocationSecretName, rootSecretName } from './names.ts';
import { pemsOf } from './pems.ts';
import { type RememberedLeaf } from './renewal.ts';
import {
  emptyLedger,
  type Ledger,
  ledgerText,
  nextRevocationMs,
  parseLedger,
  revokedSerials,
  withIssuedAfter,
  withReplaced,
} from './replaced-leaves.ts';

export interface RevocationPorts {
  readonly secrets: SecretPort;
  /** Of the operator. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Log;
}

const [ledgerFile, listFile, rootsFile] = ['replaced.json', 'crl.pem', 'ca.crt'] as const;

export class Revocations {
  readonly #ports: RevocationPorts;
  #bundle = '';
  #lists: RevocationLists | null = null;
  #ledger: Ledger = emptyLedger;
  #list: string | null = null;
  #isWhole = true;
  #isWarned = false;
  /** The Secret does not say what is known here. */
  #isLost = false;

  constructor(ports: RevocationPorts) {
    this.#ports = ports;
  }

  /** PEM of what sidecars are to have; null: nothing is revoked. */
  list(): string | null {
    return this.#list;
  }

  /** When the list is to be looked at again, in ms since 1970. */
  nextMs(): number | undefined {
    return nextRevocationMs(this.#ledger, this.#ports.clock.now());
  }

  /** Certificates are revoked, or soon will be. */
  isRevoking(): boolean {
    return this.#list !== null || this.nextMs() !== undefined;
  }

  /** Every root in use has signed the list, if there is one. */
  isWhole(): boolean {
    return this.#isWhole;
  }

  /**
   * Reads what the leader wrote. What is damaged or gone leaves what is known here; what is of other roots altogether is of no use. While a
   * root is rotated, a list of one of the two is in force until both have signed one.
   */
  async load(authority: Authority): Promise<void> {
    const bundle = authority.controlPlaneBundle();
    const stored = await this.#ports.secrets.read(this.#ports.namespace, revocationSecretName);
    if (!haveOneInCommon(bundle, this.#bundle)) [this.#ledger, this.#list] = [emptyLedger, null];
    this.#isWarned &&= bundle === this.#bundle;
    this.#bundle = bundle;
    this.#lists = authority.revocationLists;
    await this.#take(stored ?? {});
    this.#isWhole = await this.#covers(this.#list);
  }

  async #take(stored: SecretData): Promise<void> {
    const isOfThese = haveOneInCommon(this.#bundle, stored[rootsFile] ?? '');
    const ledger = isOfThese ? parseLedger(stored[ledgerFile] ?? '') : undefined;
    this.#isLost = ledger === undefined && this.#ledger !== emptyLedger;
    if (ledger === undefined) return;
    this.#ledger = ledger;
    const list = stored[listFile] ?? null;
    if (list === null || (await this.#lists?.read(list)) !== undefined) this.#list = list;
  }

  /** To be called before they are replaced; resolves when the Secret says so. */
  async remember(leaves: readonly RememberedLeaf[]): Promise<void> {
    if (leaves.length === 0 || this.#lists === null) return;
    await this.#write(withReplaced(this.#ledger, leaves, this.#ports.clock.now()), this.#list);
  }

  /** Signs another list if one more certificate is to be revoked, or none any more. To be called by the leader, after its certificates were looked at. */
  async settle(issuedAfterMs: number | null): Promise<void> {
    const lists = this.#lists;
    const now = this.#ports.clock.now();
    if (lists === null) return this.#warn(issuedAfterMs !== null && issuedAfterMs <= now);
    const ledger = withIssuedAfter(this.#ledger, issuedAfterMs, now);
    const revoked = revokedSerials(ledger, now);
    const listed = this.#list === null ? undefined : await lists.read(this.#list);
    const isWhole = listed?.isWhole === true;
    // What has expired meanwhile may stay on the list: each change goes to all sidecars.
    const isSame =
      revoked.length === 0 ? this.#list === null : isWhole && revoked.every((it) => listed.serials.has(it));
    if (isSame && ledger === this.#ledger && !this.#isLost) return;
    if (isSame) return this.#write(ledger, this.#list);
    await this.#write(ledger, revoked.length === 0 ? null : await lists.sign(revoked));
    this.#ports.log.info({ certificates: revoked.length }, 'list of revoked certificates signed');
  }

  /** Once for an authority. */
  #warn(isWanted: boolean): void {
    if (!isWanted || this.#isWarned) return;
    this.#isWarned = true;
    this.#ports.log.warn(
      { secret: `${this.#ports.namespace}/${rootSecretName}` },
      'replaced certificates stay valid until they expire: the certificate authority cannot sign revocation lists',
    );
  }

  async #covers(list: string | null): Promise<boolean> {
    return list === null || (await this.#lists?.read(list))?.isWhole === true;
  }

  async #write(ledger: Ledger, list: string | null): Promise<void> {
    const { secrets, namespace } = this.#ports;
    const data: SecretData = {
      [ledgerFile]: ledgerText(ledger),
      [rootsFile]: this.#bundle,
      ...(list !== null && { [listFile]: list }),
    };
    await secrets.write(namespace, revocationSecretName, data, managedLabels);
    [this.#ledger, this.#list, this.#isLost, this.#isWhole] = [ledger, list, false, await this.#covers(list)];
  }
}

function haveOneInCommon(bundle: string, other: string): boolean {
  const roots = new Set(pemsOf(bundle));
  return pemsOf(other).some((pem) => roots.has(pem));
}
