// All of these identities except those: Envoy's lists of names know no "not".
import { complementRegex, quote, type Tail } from '../complement-regex.ts';
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

/** Whether it is this name, or one that begins so. */
export function covers(name: PeerName, identity: string): boolean {
  return 'exact' in name ? name.exact === identity : identity.startsWith(name.prefix);
}

function tailOf(name: PeerName): Tail {
  return 'exact' in name ? { rest: name.exact, open: false } : { rest: name.prefix, open: true };
}

function skip({ rest, open }: Tail, letters: number): Tail {
  return { rest: rest.slice(letters), open };
}
