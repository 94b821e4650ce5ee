// A certificate that lives in memory only: the operator's own, for its xDS server. The issuer's rounds keep it fresh.
import type { Authority, KeyPair, LeafRequest } from './authority.ts';
import { jitterOf, renewAt } from './renewal.ts';
import { textOf } from './error-text.ts';

export interface ServerCertificate extends KeyPair {
  /** PEM of the roots to trust. */
  readonly trustBundle: string;
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

  /** Issues if it is due, or if the roots changed; tells of another list. Resolves to whether it issued. */
  async refresh(authority: Authority, revocationList: string | null, now: number): Promise<boolean> {
    const bundle = authority.trustBundle();
    const current = this.#current;
    const isGood =
      current?.trustBundle === bundle && (this.dueAt() > now || endsWithRoot(current, authority));
    if (isGood && current.revocationList === revocationList) return false;
    const pair = isGood ? current : await authority.issue(this.#request);
    const renewed = { ...pair, trustBundle: bundle, revocationList };
    this.#current = renewed;
    if (current === undefined) this.#resolve(renewed);
    else this.#onRenewed(renewed);
    return !isGood;
  }

  stop(): void {
    this.#reject(new Error('the certificate issuer was stopped'));
  }
}

function endsWithRoot(pair: KeyPair, authority: Authority): boolean {
  return pair.notAfter.getTime() >= authority.rootNotAfter().getTime();
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
        problems.push(
          `The operator's own certificate (${slot.spiffeId}) cannot be issued: ${textOf(error)}.`,
        );
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
