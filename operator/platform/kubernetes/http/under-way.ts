// A request on its way, which can be ended at any time. An AbortSignal of Node's would do, with a dozen listeners for each request: an
// operator at rest does little else than small requests.
import type { ClientRequest, IncomingMessage } from 'node:http';

export class UnderWay {
  #endedBy: Error | undefined;
  #part: ClientRequest | IncomingMessage | undefined;

  /** Why it was ended before its time; undefined: it was not. */
  get endedBy(): Error | undefined {
    return this.#endedBy;
  }

  /** What to tell of this error: why the request was ended, if it was, and what else there is to know. */
  reasonFor(error: unknown): unknown {
    const reason = this.#endedBy;
    if (reason === undefined || error === reason) return reason ?? error;
    const isItsEffect = error instanceof Error && error.cause === reason;
    return isItsEffect ? reason : new Error(reason.message, { cause: error });
  }

  /** The request, and then its answer: what is to be destroyed. */
  follow(part: ClientRequest | IncomingMessage): void {
    this.#part = part;
    if (this.#endedBy !== undefined) part.destroy(this.#endedBy);
  }

  /** Whoever waits for the answer, or for the rest of it, gets this error. */
  end(reason: Error): void {
    this.#endedBy ??= reason;
    this.#part?.destroy(this.#endedBy);
  }
}
