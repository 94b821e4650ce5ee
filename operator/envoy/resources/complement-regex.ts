// Every text but some: RE2 has no look-ahead, so what is left is described letter by letter, as what leaves the way to every
// excluded text somewhere. Entry: complementRegex. Pure.

/** What is still to come of an excluded name; open: and anything after it. */
export interface Tail {
  readonly rest: string;
  readonly open: boolean;
}

/** What an excluded name goes on with, letter by letter. Built in time linear in the letters of all names. */
interface Way {
  /** Letter → the way on. */
  readonly next: Map<string, Way>;
  /** An excluded name ends here. */
  isName: boolean;
  /** Whatever comes from here on is excluded. */
  isOpen: boolean;
}

function waysOf(tails: readonly Tail[]): Way {
  const root = newWay();
  for (const { rest, open } of tails) {
    let way = root;
    for (const letter of rest) {
      const on = way.next.get(letter) ?? newWay();
      way.next.set(letter, on);
      way = on;
    }
    way.isName = true;
    way.isOpen ||= open;
  }
  return root;
}

function newWay(): Way {
  return { next: new Map(), isName: false, isOpen: false };
}

/** A regular expression for every text but these; none of them is open and at its end. letter: all that texts are made of. */
export function complementRegex(tails: readonly Tail[], letter: '.' | '[^/]' = '.'): string {
  const parts: string[] = [];
  describe(waysOf(tails), letter, parts);
  return parts.join('');
}

function describe(way: Way, letter: '.' | '[^/]', parts: string[]): void {
  const slash = letter === '.' ? '' : '/';
  const letters = [...way.next.keys()];
  parts.push(way.isName ? '(?:' : '(?:|');
  parts.push(letters.length === 0 ? `${letter}+` : `[^${letters.map(quote).join('')}${slash}]${letter}*`);
  for (const [next, on] of way.next) {
    if (on.isOpen) continue;
    parts.push('|', quote(next));
    describe(on, letter, parts);
  }
  parts.push(')');
}

/** Outside and inside of brackets. */
export function quote(text: string): string {
  return text.replaceAll(/[-\\^$.*+?()[\]{}|]/g, '\\$&');
}
