// The cluster's programs as running processes, and waiting for what they are to do, with the end of the log of the
// one that fails. Entry: Processes.
import { join } from 'node:path';
import { type Child, startChild } from '../support/kubernetes/child.ts';
import { poll } from '../support/kubernetes/poll.ts';

const pollMs = 50;

export interface Expectation {
  /** Whose log explains it if it does not happen. */
  readonly of: string;
  /** For example `is ready`. */
  readonly what: string;
  readonly deadlineMs: number;
  /** true: it happened. */
  readonly check: () => Promise<boolean>;
}

export class Processes {
  readonly #children = new Map<string, Child>();
  readonly #logDir: string;
  readonly #signal: AbortSignal;

  /** signal: ends every wait. */
  constructor(logDir: string, signal: AbortSignal) {
    this.#logDir = logDir;
    this.#signal = signal;
  }

  /** Its output goes to `<name>.log`. */
  async start(name: string, command: readonly string[]): Promise<void> {
    this.#children.set(name, await startChild(command, join(this.#logDir, `${name}.log`)));
  }

  /** `end` makes it end. Its log begins anew. */
  async restart(name: string, command: readonly string[], end: () => Promise<unknown>): Promise<void> {
    const former = this.#children.get(name);
    await end();
    await former?.ended;
    await this.start(name, command);
  }

  /** @throws Error after the deadline, or as soon as any of the processes has ended; the signal's reason if that fires */
  async until({ of, what, deadlineMs, check }: Expectation): Promise<void> {
    const ask = async (): Promise<'yes' | 'no' | undefined> => {
      if (this.#signal.aborted || this.#ended() !== undefined) return 'no';
      return (await check()) ? 'yes' : undefined;
    };
    const answer = await poll(ask, { intervalMs: pollMs, deadlineMs }).catch(() => 'late' as const);
    this.#signal.throwIfAborted();
    if (answer === 'yes') return;
    const ended = this.#ended();
    if (ended !== undefined) throw new Error(`${ended} ended. ${await this.#tail(ended)}`);
    throw new Error(`Within ${deadlineMs / 1000} s, not: ${of} ${what}. ${await this.#tail(of)}`);
  }

  /** Only the wrappers outside of the namespaces: the programs themselves end with those. */
  async forget(): Promise<void> {
    await Promise.all([...this.#children.values()].map((child) => child.kill()));
  }

  #ended(): string | undefined {
    return [...this.#children].find(([, child]) => !child.running())?.[0];
  }

  async #tail(name: string): Promise<string> {
    const path = join(this.#logDir, `${name}.log`);
    return `The end of ${path}:\n${await this.#children.get(name)?.tail()}`;
  }
}
