// Who may see the dashboard: whoever has a token of which the cluster says so. What it said holds for a short time. Entry: Access.
import { createHash } from 'node:crypto';
import type { AccessPort, AccessReview } from '../ports/access-port.ts';

/** An answer of the cluster holds for that long, in milliseconds: as long as the API server itself keeps one of a webhook. */
const keptMs = 10_000;
/** Tokens whose answers are kept. */
const mostKept = 100;
/** Longer than any token of Kubernetes; what is longer is not asked about. */
const longestToken = 16_384;

export class Access {
  readonly #port: AccessPort;
  readonly #nowMs: () => number;
  /** By the hash of the token: the token itself is not kept. The oldest first. */
  readonly #known = new Map<string, { readonly review: Promise<AccessReview>; readonly untilMs: number }>();

  /** `nowMs`: of a clock that only grows. */
  constructor(port: AccessPort, nowMs: () => number) {
    this.#port = port;
    this.#nowMs = nowMs;
  }

  /** `authorization`: the header. Rejects if the cluster cannot be asked. */
  async review(authorization: string | undefined): Promise<AccessReview> {
    const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined || token.length > longestToken) return { type: 'unauthenticated' };
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.#known.get(key);
    if (known !== undefined && known.untilMs > this.#nowMs()) return known.review;
    const review = this.#port.review(token);
    this.#keep(key, review);
    return review;
  }

  #keep(key: string, review: Promise<AccessReview>): void {
    this.#known.delete(key);
    this.#known.set(key, { review, untilMs: this.#nowMs() + keptMs });
    // What could not be asked is asked again.
    review.catch(() => this.#known.delete(key));
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostKept && oldest !== undefined) this.#known.delete(oldest);
  }
}
