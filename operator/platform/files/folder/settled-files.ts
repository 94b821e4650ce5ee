// Tells a finished edit from one in the middle: a content counts when it was the same for a while. Pure: looks and
// times come in as arguments.
import type { FileContent } from './regular-file.ts';

/** A text that stays the same for so long is complete. */
export const quietMs = 25;
/**
 * Many programs empty a file and write it anew in pieces. What looks like a piece (it is gone, empty, shorter than
 * before or ends within a line) has to stay the same for longer.
 */
export const partialMs = 250;
/** A file that cannot be read is often about to be replaced. */
export const unreadableMs = 2_000;

export interface Look {
  /** File name → content; undefined for a file that is gone. */
  readonly changed: ReadonlyMap<string, FileContent | undefined>;
  /** When to look again because something is not settled yet, in ms. */
  readonly nextLookMs: number | undefined;
}

export class SettledFiles {
  readonly #taken = new Map<string, FileContent>();
  readonly #pending = new Map<string, { content: FileContent | undefined; since: number }>();
  #isFirst = true;

  /** seen: the files that are in the folder. The first look takes all of them at once. */
  look(seen: ReadonlyMap<string, FileContent>, now: number): Look {
    const changed = new Map<string, FileContent | undefined>();
    let nextLookMs: number | undefined;
    for (const name of new Set([...this.#taken.keys(), ...seen.keys()])) {
      const waitMs = this.#judge(name, seen.get(name), now);
      if (waitMs === undefined) continue;
      if (waitMs <= 0) changed.set(name, this.#take(name, seen.get(name)));
      else nextLookMs = Math.min(waitMs, nextLookMs ?? waitMs);
    }
    this.#isFirst = false;
    return { changed, nextLookMs };
  }

  /** Ms until the content counts; undefined if it is what was taken before. */
  #judge(name: string, content: FileContent | undefined, now: number): number | undefined {
    const taken = this.#taken.get(name);
    if (isSame(content, taken)) {
      this.#pending.delete(name);
      return undefined;
    }
    if (this.#isFirst) return 0;
    const before = this.#pending.get(name);
    const isStill = before !== undefined && isSame(before.content, content);
    const since = isStill ? before.since : now;
    if (!isStill) this.#pending.set(name, { content, since });
    return since + settleMs(content, taken) - now;
  }

  #take(name: string, content: FileContent | undefined): FileContent | undefined {
    this.#pending.delete(name);
    if (content === undefined) this.#taken.delete(name);
    else this.#taken.set(name, content);
    return content;
  }
}

function settleMs(content: FileContent | undefined, before: FileContent | undefined): number {
  if (content?.kind === 'unreadable') return unreadableMs;
  if (content === undefined || !content.text.endsWith('\n')) return partialMs;
  const isShorter = before?.kind === 'text' && content.text.length < before.text.length;
  return isShorter ? partialMs : quietMs;
}

function isSame(a: FileContent | undefined, b: FileContent | undefined): boolean {
  if (a === b) return true;
  if (a?.kind === 'text') return b?.kind === 'text' && a.text === b.text;
  return a?.kind === 'unreadable' && b?.kind === 'unreadable' && a.reason === b.reason;
}
