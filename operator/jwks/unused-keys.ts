// Stored key sets that no policy asks for are deleted after a while: a policy may be replaced, and its issuer out of reach just then.
import type { ConfigMapPort } from '../ports/config-map-port.ts';
import type { Clock } from '../process/clock.ts';
import type { Log } from '../process/log.ts';
import { storedName } from './stored-keys.ts';

export interface UnusedKeysOptions {
  readonly configMaps: Pick<ConfigMapPort, 'remove'>;
  readonly clock: Clock;
  readonly log: Log;
}

export const unusedGraceMs = 10 * 60_000;

export class UnusedKeys {
  readonly #options: UnusedKeysOptions;
  /** Id of the source → what cancels its timer. */
  readonly #waiting = new Map<string, () => void>();
  readonly #removing = new Set<Promise<void>>();

  constructor(options: UnusedKeysOptions) {
    this.#options = options;
  }

  set(ids: readonly string[]): void {
    const unused = new Set(ids);
    for (const [id, cancel] of this.#waiting) {
      if (unused.has(id)) continue;
      cancel();
      this.#waiting.delete(id);
    }
    for (const id of unused) if (!this.#waiting.has(id)) this.#wait(id);
  }

  /** Resolves when nothing is deleted any more. */
  async end(): Promise<void> {
    this.set([]);
    await Promise.all(this.#removing);
  }

  #wait(id: string): void {
    const { clock } = this.#options;
    this.#waiting.set(
      id,
      clock.after(unusedGraceMs, () => {
        const removing = this.#remove(id);
        this.#removing.add(removing);
        void removing.finally(() => this.#removing.delete(removing));
      }),
    );
  }

  async #remove(id: string): Promise<void> {
    const { configMaps, log } = this.#options;
    try {
      await configMaps.remove(storedName(id));
    } catch (error) {
      log.warn({ configMap: storedName(id), error }, 'unused keys of issuer not deleted, retrying');
      // Unless it is wanted again meanwhile.
      if (this.#waiting.has(id)) this.#wait(id);
    }
  }
}
