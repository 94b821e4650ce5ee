// Tells that something may have changed in a folder. fs.watch loses events and dies with the folder, so waiting is
// bounded, and the watch is renewed when the folder is another one.
import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';

export class FolderWatch {
  readonly #folder: string;
  #watcher: FSWatcher | undefined;
  #inode: bigint | undefined;
  #hasRung = false;
  #wake: () => void = () => undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Watches the folder that is there now. Call it before each look, so that nothing between two looks is missed. */
  async renew(): Promise<void> {
    this.#hasRung = false;
    const found = await stat(this.#folder, { bigint: true }).catch(() => undefined);
    if (this.#watcher !== undefined && found?.ino === this.#inode) return;
    this.close();
    if (found === undefined) return;
    try {
      this.#watcher = watch(this.#folder, () => this.#ring());
      this.#inode = found.ino;
      this.#watcher.on('error', () => this.close());
    } catch {
      // Out of watches, or gone again: looking from time to time has to do.
      this.close();
    }
  }

  /** Resolves when something happened since renew, after that many ms, or when the signal aborts. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#hasRung || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', this.#wakeBy(resolve, timer), { once: true });
    }).finally(() => signal.removeEventListener('abort', this.#wake));
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#inode = undefined;
  }

  #wakeBy(resolve: () => void, timer: NodeJS.Timeout): () => void {
    this.#wake = () => {
      clearTimeout(timer);
      resolve();
    };
    return this.#wake;
  }

  #ring(): void {
    this.#hasRung = true;
    this.#wake();
  }
}
