// A certificate that lives in memory only: the operator's own, for its xDS server. The issuer's rounds keep it fresh.
import type { Authority, KeyPair, LeafRequest, OwnSigner, Signer } from './authority.ts';
import { jitterOf, renewAt } from './renewal.ts';
import { textOf } from './error-text.ts';

export interface ServerCertificate extends KeyPair {
  /** PEM of the roots that sidecars are to believe in each other's certificates. */
  readonly trustBundle: string;
  /** PEM of the roots that sidecars and operators are believed by operators. */
  readonly controlPlaneBundle: string;
  /** PEM of the certificates that sign leaves. */
  readonly issuers: string;
  /** PEM of intermediates below them that may have signed leaves. */
  readonly links: string;
  /** Connections with other leaves are to be made anew; null: all are good. */
  readonly wantedLeaves: Signer | null;
  /** PEM of the list of revoked certificates; null: none is revoked. */
  readonly revocationList: string | null;
}

/** One request for a server certificate: the first goes to a promise, each later one to onRenewed. */
export class ServerCertificateSlot {
  readonly first: Promise<ServerCertificate>;
  readonly #request: LeafRequest;
  readonly #onRenewed: (renewed: ServerCertificate) => void;
  #resolve: (first: ServerCertificate) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #current: ServerCertificate | undefined;
  /** PEM of what signed it, and of what it is presented with. */
  #signer = '';

  constructor(request: LeafRequest, onRenewed: (renewed: ServerCertificate) => void) {
    this.#request = request;
    this.#onRenewed = onRenewed;
    this.first = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever waits sees the rejection; if nobody does, stopping must not end the process.
    this.first.catch(() => undefined);
  }

  get spiffeId(): string {
    return this.#request.spiffeId;
  }

  /** When it is to be renewed, in ms since 1970; 0 while there is none. */
  dueAt(): number {
    return this.#current === undefined
      ? 0
      : renewAt(this.#current, jitterOf(this.#request.spiffeId)).getTime();
  }

  /** Issues if it is due, or if another root is to sign it; tells of other roots and of another list. Resolves to whether it issued. */
  async refresh(authority: Authority, revocationList: string | null, now: number): Promise<boolean> {
    const { own } = authority;
    const current = this.#current;
    const isGood =
      current !== undefined &&
      this.#signer === textOfSigner(own) &&
      (this.dueAt() > now || current.notAfter.getTime() >= own.notAfter.getTime());
    const said = { ...trustOf(authority), revocationList };
    if (isGood && isSaying(current, said)) return false;
    const pair = isGood ? current : await own.issue(this.#request);
    const renewed = { ...pair, ...said };
    this.#current = renewed;
    this.#signer = textOfSigner(own);
    if (current === undefined) this.#resolve(renewed);
    else this.#onRenewed(renewed);
    return !isGood;
  }

  stop(): void {
    this.#reject(new Error('the certificate issuer was stopped'));
  }
}

function textOfSigner({ issuer, chain }: OwnSigner): string {
  return issuer + (chain ?? '');
}

type Said = Omit<ServerCertificate, keyof KeyPair>;

function trustOf(authority: Authority): Omit<Said, 'revocationList'> {
  const { signer } = authority;
  return {
    trustBundle: authority.trustBundle(),
    controlPlaneBundle: authority.controlPlaneBundle(),
    issuers: authority.issuers,
    links: authority.links,
    wantedLeaves: signer.leavesFromMs === 0 ? null : signer,
  };
}

function isSaying(current: Said, said: Said): boolean {
  return (
    current.trustBundle === said.trustBundle &&
    current.controlPlaneBundle === said.controlPlaneBundle &&
    current.issuers === said.issuers &&
    current.links === said.links &&
    current.wantedLeaves?.leavesFromMs === said.wantedLeaves?.leavesFromMs &&
    current.revocationList === said.revocationList
  );
}

/** All that were asked for. */
export class ServerCertificates {
  readonly #slots: ServerCertificateSlot[] = [];

  add(slot: ServerCertificateSlot): void {
    this.#slots.push(slot);
  }

  dueAt(): readonly number[] {
    return this.#slots.map((slot) => slot.dueAt());
  }

  /** Adds a sentence for each failure. Resolves to the number of certificates issued. */
  async refresh(
    authority: Authority,
    { revocationList, now, problems }: { revocationList: string | null; now: number; problems: string[] },
  ): Promise<number> {
    const one = async (slot: ServerCertificateSlot): Promise<number> => {
      try {
        return (await slot.refresh(authority, revocationList, now)) ? 1 : 0;
      } catch (error) {
        const text = textOf(error).replace(/\.$/, '');
        problems.push(`The operator's own certificate (${slot.spiffeId}) cannot be issued: ${text}.`);
        return 0;
      }
    };
    const issued = await Promise.all(this.#slots.map(one));
    return issued.reduce((sum, count) => sum + count, 0);
  }

  stop(): void {
    for (const slot of this.#slots) slot.stop();
  }
}
