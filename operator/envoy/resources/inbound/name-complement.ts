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

/** A regular expression for every text but these; none of them is open and at its end. */
function complementRegex(tails: readonly Tail[]): string {
  const branches = byFirstLetter(tails);
  const letters = [...branches.keys()];
  const elsewhere = letters.length === 0 ? '.+' : `[^${letters.map(quote).join('')}].*`;
  const further = [...branches].flatMap(([letter, rest]) =>
    rest.some(({ rest: text, open }) => open && text === '') ? [] : [quote(letter) + complementRegex(rest)],
  );
  const here = tails.some(({ rest }) => rest === '') ? [] : [''];
  return `(?:${[...here, elsewhere, ...further].join('|')})`;
}

/** First letter → what follows it. */
function byFirstLetter(tails: readonly Tail[]): ReadonlyMap<string, readonly Tail[]> {
  const branches = new Map<string, Tail[]>();
  for (const tail of tails.filter(({ rest }) => rest !== '')) {
    const letter = tail.rest.charAt(0);
    branches.set(letter, [...(branches.get(letter) ?? []), skip(tail, 1)]);
  }
  return branches;
}

/** Outside and inside of brackets. */
function quote(text: string): string {
  return text.replaceAll(/[-\\^$.*+?()[\]{}|]/g, '\\$&');
}
