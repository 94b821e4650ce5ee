// A certificate that lives in memory only: the operator's own, for its xDS server. The issuer's rounds keep it fresh.
import type { Authority, KeyPair, LeafRequest } from './authority.ts';
import { jitterOf, renewAt } from './renewal.ts';

export interface ServerCertificate extends KeyPair {
  /** PEM of the roots to trust. */
  readonly trustBundle: string;
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

  /** Issues if it is due, or if the roots changed. Resolves to whether it did. */
  async refresh(authority: Authority, now: number): Promise<boolean> {
    const bundle = authority.trustBundle();
    const current = this.#current;
    const isGood =
      current?.trustBundle === bundle && (this.dueAt() > now || endsWithRoot(current, authority));
    if (isGood) return false;
    const renewed = { ...(await authority.issue(this.#request)), trustBundle: bundle };
    this.#current = renewed;
    if (current === undefined) this.#resolve(renewed);
    else this.#onRenewed(renewed);
    return true;
  }

  stop(): void {
    this.#reject(new Error('the certificate issuer was stopped'));
  }
}

function endsWithRoot(pair: KeyPair, authority: Authority): boolean {
  return pair.notAfter.getTime() >= authority.rootNotAfter().getTime();
}
