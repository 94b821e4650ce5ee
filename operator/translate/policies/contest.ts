// Who decides where several objects want to: one contest for all kinds of policy. It knows no kind and no field.
import type { ObjectMeta } from '../../../api/metadata.ts';
import { compareText } from '../../values/compare-text.ts';
import { append } from '../../values/labels.ts';
import { compareAge } from '../facts/precedence.ts';

/**
 * What a policy is attached to, from the weakest to the strongest; Route: a route's own word. Where a policy for workloads has a word about
 * one of their ports, it is PortOf…. Those of consumer policies, which hold for callers of their own namespace, are the strongest for these.
 */
const levels = [
  'Mesh',
  'PortOfMesh',
  'Namespace',
  'PortOfNamespace',
  'Service',
  'PortOfService',
  'Workload',
  'PortOfWorkload',
  'Port',
  'Route',
  'Consumer',
  'ConsumerPort',
  'ConsumerRoute',
] as const;
export type Level = (typeof levels)[number];

/** An object that wants to decide something. */
export interface Contestant {
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** What one object wants to decide at one place. */
export interface Claim<P extends Contestant> {
  /** The decision, by the field that users write: `timeout.request`, `mtls.mode`. */
  readonly slot: string;
  readonly level: Level;
  readonly policy: P;
}

/** Slot → its claims, the one in effect first. */
export type Decisions<P extends Contestant> = ReadonlyMap<string, readonly Claim<P>[]>;

/** claims: of one place, the older first. The stronger level wins; within a level, the older. */
export function decide<P extends Contestant>(claims: readonly Claim<P>[]): Decisions<P> {
  const bySlot = new Map<string, Claim<P>[]>();
  for (const claim of claims) append(bySlot, claim.slot, claim);
  // Sorting is stable.
  for (const ofSlot of bySlot.values()) ofSlot.sort((a, b) => compareLevels(b.level, a.level));
  return bySlot;
}

export function compareLevels(a: Level, b: Level): number {
  return levels.indexOf(a) - levels.indexOf(b);
}

export function isOfConsumer(level: Level): boolean {
  return compareLevels(level, 'Consumer') >= 0;
}

/** What became of all claims of an object. */
export interface Outcome<P extends Contestant> {
  /** Something that it wants is in effect somewhere. */
  readonly isInEffect: boolean;
  readonly defeats: readonly Defeat<P>[];
}

/** What an object lost to one other, at all places where it is the same. */
export interface Defeat<P extends Contestant> {
  readonly winner: P;
  /** The winner's; on the same level it is the older. */
  readonly level: Level;
  readonly isSameLevel: boolean;
  /** Sorted. */
  readonly slots: readonly string[];
  /** In the order of the places. */
  readonly places: readonly string[];
}

interface Tally<P extends Contestant> {
  isInEffect: boolean;
  readonly defeats: Map<string, Defeat<P> & { readonly places: string[] }>;
}

/** places: what was decided at each, by the name that users know the place by. */
export function outcomesOf<P extends Contestant>(
  places: Iterable<readonly [place: string, decisions: Decisions<P>]>,
): ReadonlyMap<P, Outcome<P>> {
  const tallies = new Map<P, Tally<P>>();
  for (const [place, decisions] of places) {
    for (const [policy, result] of resultsAt(decisions)) {
      const tally = tallies.get(policy) ?? { isInEffect: false, defeats: new Map() };
      tallies.set(policy, tally);
      if (result.won) tally.isInEffect = true;
      for (const lost of result.lost.values()) note(tally, lost, place);
    }
  }
  return new Map([...tallies].map(([policy, tally]) => [policy, outcomeOf(tally)]));
}

const undisputed = { isInEffect: true, defeats: [] } as const;

/** The same object for all that lost nothing: what is said of them stays as it is. */
function outcomeOf<P extends Contestant>({ isInEffect, defeats }: Tally<P>): Outcome<P> {
  if (isInEffect && defeats.size === 0) return undisputed;
  return { isInEffect, defeats: [...defeats].toSorted(byPrecedence).map(([, defeat]) => defeat) };
}

/** The winner that others would lose to as well comes first, whatever the order of the places. */
function byPrecedence(
  [keyA, a]: readonly [string, { readonly winner: Contestant }],
  [keyB, b]: readonly [string, { readonly winner: Contestant }],
): number {
  return compareAge(a.winner, b.winner) || compareText(keyA, keyB);
}

type Lost<P extends Contestant> = Omit<Defeat<P>, 'slots' | 'places'> & { readonly slots: string[] };

/** What became of one object's claims at one place. */
interface ResultAt<P extends Contestant> {
  won: boolean;
  /** By winner and levels. */
  readonly lost: Map<string, Lost<P>>;
}

function resultsAt<P extends Contestant>(decisions: Decisions<P>): ReadonlyMap<P, ResultAt<P>> {
  const results = new Map<P, ResultAt<P>>();
  for (const [slot, [winner, ...others]] of decisions) {
    if (winner === undefined) continue;
    resultOf(results, winner.policy).won = true;
    for (const loser of others) {
      // Two claims of one object: it decides either way.
      if (loser.policy === winner.policy) continue;
      const isSameLevel = loser.level === winner.level;
      const { lost } = resultOf(results, loser.policy);
      const key = `${nameOf(winner.policy)} ${winner.level} ${isSameLevel}`;
      const to = lost.get(key) ?? { winner: winner.policy, level: winner.level, isSameLevel, slots: [] };
      to.slots.push(slot);
      lost.set(key, to);
    }
  }
  return results;
}

function resultOf<P extends Contestant>(results: Map<P, ResultAt<P>>, policy: P): ResultAt<P> {
  const result = results.get(policy) ?? { won: false, lost: new Map<string, Lost<P>>() };
  results.set(policy, result);
  return result;
}

function note<P extends Contestant>({ defeats }: Tally<P>, lost: Lost<P>, place: string): void {
  const { winner, level, isSameLevel } = lost;
  const slots = [...new Set(lost.slots)].toSorted();
  const key = `${nameOf(winner)} ${level} ${isSameLevel} ${slots.join()}`;
  const defeat = defeats.get(key) ?? { winner, level, isSameLevel, slots, places: [] };
  if (defeat.places.at(-1) !== place) defeat.places.push(place);
  defeats.set(key, defeat);
}

function nameOf({ kind, metadata }: Contestant): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}
