// All of these identities except those. Envoy's lists of names know no "not", and RE2 has no look-ahead: the names that
// are left are described letter by letter, as what leaves the way to every excluded name somewhere.
import type { PeerMatch } from '../tls.ts';

export type PeerName = { readonly exact: string } | { readonly prefix: string };

export function except(peers: readonly PeerName[], excluded: readonly PeerName[]): readonly PeerMatch[] {
  return peers.flatMap((peer) => {
    if ('exact' in peer) return excluded.some((name) => covers(name, peer.exact)) ? [] : [peer];
    return exceptUnder(peer.prefix, excluded);
  });
}

function exceptUnder(prefix: string, excluded: readonly PeerName[]): readonly PeerMatch[] {
  if (excluded.some((name) => 'prefix' in name && prefix.startsWith(name.prefix))) return [];
  const tails = excluded.map(tailOf).filter(({ rest }) => rest.startsWith(prefix));
  if (tails.length === 0) return [{ prefix }];
  return [
    {
      safe_regex: { regex: quote(prefix) + complementRegex(tails.map((tail) => skip(tail, prefix.length))) },
    },
  ];
}

function covers(name: PeerName, identity: string): boolean {
  return 'exact' in name ? name.exact === identity : identity.startsWith(name.prefix);
}

/** What is still to come of an excluded name; open: and anything after it. */
interface Tail {
  readonly rest: string;
  readonly open: boolean;
}

function tailOf(name: PeerName): Tail {
  return 'exact' in name ? { rest: name.exact, open: false } : { rest: name.prefix, open: true };
}

function skip({ rest, open }: Tail, letters: number): Tail {
  return { rest: rest.slice(letters), open };
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

/** A regular expression for every text but these; none of them is open and at its end. */
function complementRegex(tails: readonly Tail[]): string {
  const parts: string[] = [];
  describe(waysOf(tails), parts);
  return parts.join('');
}

function describe(way: Way, parts: string[]): void {
  const letters = [...way.next.keys()];
  parts.push(way.isName ? '(?:' : '(?:|');
  parts.push(letters.length === 0 ? '.+' : `[^${letters.map(quote).join('')}].*`);
  for (const [letter, on] of way.next) {
    if (on.isOpen) continue;
    parts.push('|', quote(letter));
    describe(on, parts);
  }
  parts.push(')');
}

/** Outside and inside of brackets. */
function quote(text: string): string {
  return text.replaceAll(/[-\\^$.*+?()[\]{}|]/g, '\\$&');
}
