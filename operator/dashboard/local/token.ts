// Tokens of a ServiceAccount for the dashboard and nothing else, renewed before they expire. Entry: Tokens.
import { dashboardAudience } from '../../values/own-names.ts';
import type { Kubectl } from './kubectl.ts';

/** What the API server gives at least, in milliseconds. */
const lifetimeMs = 600_000;
/** The shares of it after which it is replaced. */
const renewedAfter = 0.7;

export class Tokens {
  readonly #kubectl: Pick<Kubectl, 'run'>;
  readonly #serviceAccount: string;
  readonly #nowMs: () => number;
  #token: Promise<string> | undefined;
  #untilMs = 0;

  /** `nowMs`: of a clock that only grows. */
  constructor(kubectl: Pick<Kubectl, 'run'>, serviceAccount: string, nowMs: () => number) {
    this.#kubectl = kubectl;
    this.#serviceAccount = serviceAccount;
    this.#nowMs = nowMs;
  }

  /** Rejects with what kubectl says. */
  async get(): Promise<string> {
    if (this.#token === undefined || this.#nowMs() >= this.#untilMs) {
      this.#untilMs = this.#nowMs() + lifetimeMs * renewedAfter;
      this.#token = this.#kubectl.run(
        'create',
        'token',
        this.#serviceAccount,
        '--audience',
        dashboardAudience,
        '--duration',
        `${lifetimeMs / 1000}s`,
      );
      // What failed is tried again.
      this.#token.catch(() => {
        this.#token = undefined;
      });
    }
    return this.#token;
  }
}
