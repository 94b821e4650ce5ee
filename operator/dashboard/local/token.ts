// Tokens of a ServiceAccount for the dashboard and nothing else, renewed before they expire. Entry: Tokens.
import { dashboardAudience } from '../../values/own-names.ts';
import type { Kubectl } from './kubectl.ts';

/** What the API server gives at least, in milliseconds. */
const lifetimeMs = 600_000;
/** The shares of it after which it is replaced. */
const renewedAfter = 0.7;

interface Made {
  readonly token: Promise<string>;
  readonly untilMs: number;
}

export class Tokens {
  readonly #kubectl: Pick<Kubectl, 'run'>;
  readonly #serviceAccount: string;
  readonly #wallMs: () => number;
  #made: Made | undefined;
  /** The last that came. */
  #known: string | undefined;

  /** `wallMs`: of the clock on the wall, which goes on while the machine sleeps. */
  constructor(kubectl: Pick<Kubectl, 'run'>, serviceAccount: string, wallMs: () => number) {
    this.#kubectl = kubectl;
    this.#serviceAccount = serviceAccount;
    this.#wallMs = wallMs;
  }

  /** Rejects with what kubectl says. */
  async get(): Promise<string> {
    const known = this.#made;
    const made = known === undefined || this.#wallMs() >= known.untilMs ? this.#make() : known;
    this.#made = made;
    try {
      return (this.#known = await made.token);
    } catch (error) {
      // What failed is tried again.
      if (this.#made === made) this.#made = undefined;
      throw error;
    }
  }

  /** The operator has refused this one: the next is a new one, whatever the clock says. */
  drop(token: string): void {
    if (token === this.#known) this.#made = undefined;
  }

  #make(): Made {
    const token = this.#kubectl.run(
      'create',
      'token',
      this.#serviceAccount,
      '--audience',
      dashboardAudience,
      '--duration',
      `${lifetimeMs / 1000}s`,
    );
    return { token, untilMs: this.#wallMs() + lifetimeMs * renewedAfter };
  }
}
