// Tells a finished edit from one in the middle: a text counts when it was the same for a while. Pure: looks and
// times come in as arguments.

/** A text that stays the same for so long is complete. */
export const quietMs = 25;
/** Editors remove or empty a file before they write it anew: that has to last before it is believed. */
export const absentMs = 250;

export interface Look {
  /** File name → text; undefined for a file that is gone. */
  readonly changed: ReadonlyMap<string, string | undefined>;
  /** When to look again because something is not settled yet, in ms. */
  readonly nextLookMs: number | undefined;
}

export class SettledFiles {
  readonly #taken = new Map<string, string>();
  readonly #pending = new Map<string, { text: string | undefined; since: number }>();
  #isFirst = true;

  /** seen: what is in the folder. unreadable: names that are there but could not be read; they count as unchanged. */
  look(seen: ReadonlyMap<string, string>, unreadable: ReadonlySet<string>, now: number): Look {
    const changed = new Map<string, string | undefined>();
    let nextLookMs: number | undefined;
    for (const name of new Set([...this.#taken.keys(), ...seen.keys()])) {
      if (unreadable.has(name)) continue;
      const waitMs = this.#judge(name, seen.get(name), now);
      if (waitMs === undefined) continue;
      if (waitMs <= 0) changed.set(name, this.#take(name, seen.get(name)));
      else nextLookMs = Math.min(waitMs, nextLookMs ?? waitMs);
    }
    this.#isFirst = false;
    return { changed, nextLookMs };
  }

  /** Ms until the text counts; undefined if it is what was taken before. */
  #judge(name: string, text: string | undefined, now: number): number | undefined {
    if (text === this.#taken.get(name)) {
      this.#pending.delete(name);
      return undefined;
    }
    if (this.#isFirst) return 0;
    const before = this.#pending.get(name);
    const isSame = before !== undefined && before.text === text;
    const since = isSame ? before.since : now;
    if (!isSame) this.#pending.set(name, { text, since });
    const isNothing = text === undefined || text.trim() === '';
    return since + (isNothing ? absentMs : quietMs) - now;
  }

  #take(name: string, text: string | undefined): string | undefined {
    this.#pending.delete(name);
    if (text === undefined) this.#taken.delete(name);
    else this.#taken.set(name, text);
    return text;
  }
}
