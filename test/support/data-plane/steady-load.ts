// Calls that go on while a test changes something, and what became of them. Entry: SteadyLoad.start.
import { setTimeout as delay } from 'node:timers/promises';
import { call } from './callers.ts';
import type { Closing } from './closing.ts';

const pauseMs = 10;

export interface LoadOptions {
  /** Default: 2. */
  readonly callers?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export class SteadyLoad {
  readonly #port: number;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #failures: string[] = [];
  #sent = 0;
  #isStopped = false;
  #running: Promise<unknown> = Promise.resolve();

  private constructor(port: number, headers: Readonly<Record<string, string>>) {
    this.#port = port;
    this.#headers = headers;
  }

  /** Callers at a port of 127.0.0.1, each with a pause of 10 ms between an answer and the next call. */
  static start(port: number, closing: Closing, { callers = 2, headers = {} }: LoadOptions = {}): SteadyLoad {
    const load = new SteadyLoad(port, headers);
    load.#running = Promise.all(Array.from({ length: callers }, () => load.#caller()));
    closing.add(async () => void (await load.stop()));
    return load;
  }

  get sent(): number {
    return this.#sent;
  }

  /** Resolves when every call under way has its answer. failures: everything but 200. */
  async stop(): Promise<{ readonly sent: number; readonly failures: readonly string[] }> {
    this.#isStopped = true;
    await this.#running;
    return { sent: this.#sent, failures: this.#failures };
  }

  async #caller(): Promise<void> {
    // A caller makes one call after the other.
    // oxlint-disable no-await-in-loop
    while (!this.#isStopped) {
      const outcome = await call(this.#port, { headers: this.#headers }).then(
        ({ status, body }) => (status === 200 ? null : `${status} ${body.slice(0, 100)}`),
        String,
      );
      this.#sent += 1;
      if (outcome !== null) this.#failures.push(outcome);
      await delay(pauseMs);
    }
    // oxlint-enable no-await-in-loop
  }
}
