// Sets of identities, as rules describe them: names, without some of them. Envoy's lists of names know neither "not" nor "and", so
// that rules are worked out here, into names and expressions any of which matches.
import { append } from '../../../values/labels.ts';
import { complementRegex, quote } from '../complement-regex.ts';
import { anyTrustDomain } from '../spiffe.ts';
import type { PeerMatch } from '../tls.ts';

/** An identity, or all that begin so. */
export interface PeerName {
  /** null: any. */
  readonly trustDomain: string | null;
  /** `/ns/shop/sa/reviews`, or what paths begin with. */
  readonly path: string;
  readonly isPrefix: boolean;
}

/** Names without others. */
export interface PeerSet {
  readonly name: PeerName;
  readonly without: readonly PeerName[];
}

export const everyIdentity: PeerName = { trustDomain: null, path: '/', isPrefix: true };

/** Of `spiffe://cluster.local/ns/shop/sa/reviews`, or of what such ids begin with. */
export function peerName(id: string, { isPrefix }: Pick<PeerName, 'isPrefix'>): PeerName {
  const [, trustDomain = '', path = ''] = /^spiffe:\/\/([^/]*)(.*)$/s.exec(id) ?? [];
  return { trustDomain, path, isPrefix };
}

export function covers(a: PeerName, b: PeerName): boolean {
  const isTrusted = a.trustDomain === null || a.trustDomain === b.trustDomain;
  return isTrusted && (a.isPrefix ? b.path.startsWith(a.path) : !b.isPrefix && a.path === b.path);
}

/** What is in both; null: nothing. */
function common(a: PeerName, b: PeerName): PeerName | null {
  const trustDomain = a.trustDomain ?? b.trustDomain;
  if (b.trustDomain !== null && b.trustDomain !== trustDomain) return null;
  const [wide, narrow] = a.path.length <= b.path.length && a.isPrefix ? [a, b] : [b, a];
  if (!covers({ ...wide, trustDomain: null }, narrow)) return null;
  return { ...narrow, trustDomain };
}

export function subtract(sets: readonly PeerSet[], names: readonly PeerName[]): readonly PeerSet[] {
  return sets.flatMap(({ name, without }) => {
    const touching = names.filter((one) => common(one, name) !== null);
    if (touching.some((one) => covers(one, name))) return [];
    return [{ name, without: [...without, ...touching] }];
  });
}

export function intersect(sets: readonly PeerSet[], names: readonly PeerName[]): readonly PeerSet[] {
  return sets.flatMap(({ name, without }) =>
    names.flatMap((one) => {
      const both = common(name, one);
      return both === null ? [] : subtract([{ name: both, without: [] }], without);
    }),
  );
}

/** Whether an id is in one of the sets: in time linear in both, since names are looked up and not tried one by one. */
export function membershipIn(sets: readonly PeerSet[]): (id: string) => boolean {
  const byName = new Map<string, PeerSet[]>();
  for (const set of sets) append(byName, nameKey(set.name), set);
  const lengths = [...new Set(sets.flatMap(({ name }) => (name.isPrefix ? [name.path.length] : [])))];
  return (id) => {
    const identity = peerName(id, { isPrefix: false });
    const paths = lengths.map((length) => ({ path: identity.path.slice(0, length), isPrefix: true }));
    return [identity, ...paths].some(({ path, isPrefix }) =>
      [identity.trustDomain, null].some((trustDomain) =>
        byName
          .get(nameKey({ trustDomain, path, isPrefix }))
          ?.some(({ without }) => !without.some((one) => covers(one, identity))),
      ),
    );
  };
}

function nameKey({ trustDomain, path, isPrefix }: PeerName): string {
  return `${trustDomain ?? '*'} ${path}${isPrefix ? '*' : ''}`;
}

export function matchesOf({ name, without }: PeerSet): readonly PeerMatch[] {
  const { trustDomain, path, isPrefix } = name;
  if (trustDomain === null) return anywhere(name, without);
  const id = `spiffe://${trustDomain}${path}`;
  if (!isPrefix) return [{ exact: id }];
  return [without.length === 0 ? { prefix: id } : expression(quote(id), path, without)];
}

/** In any trust domain. Those of which some identities are left out are described one by one. */
function anywhere(name: PeerName, without: readonly PeerName[]): readonly PeerMatch[] {
  if (name.path === '/' && name.isPrefix && without.length === 0) return [{ prefix: 'spiffe://' }];
  const everywhere = without.filter(({ trustDomain }) => trustDomain === null);
  const special = [...new Set(without.flatMap(({ trustDomain }) => trustDomain ?? []))].toSorted();
  return [
    underAny(allBut(special), name, everywhere),
    ...special.flatMap((trustDomain) =>
      subtract([{ name: { ...name, trustDomain }, without: [] }], without).flatMap(matchesOf),
    ),
  ];
}

function underAny(start: string, { path, isPrefix }: PeerName, without: readonly PeerName[]): PeerMatch {
  const beginning = start + quote(path);
  return isPrefix ? expression(beginning, path, without) : { safe_regex: { regex: beginning } };
}

/** RE2: what ids begin with, of all trust domains but these. */
function allBut(trustDomains: readonly string[]): string {
  if (trustDomains.length === 0) return anyTrustDomain;
  const names = trustDomains.map((rest) => ({ rest, open: false }));
  return `spiffe://${complementRegex(names, '[^/]')}`;
}

/** RE2: the beginning, and after it any path below `path` but those. */
function expression(beginning: string, path: string, without: readonly PeerName[]): PeerMatch {
  const tails = without.map((one) => ({ rest: one.path.slice(path.length), open: one.isPrefix }));
  return { safe_regex: { regex: beginning + (tails.length === 0 ? '.*' : complementRegex(tails)) } };
}
