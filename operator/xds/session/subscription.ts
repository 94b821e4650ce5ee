// What a client asked for, of one type, on one stream. Pure. The hard part is the wildcard, which has a legacy
// form (naming nothing) and an explicit one (naming `*`).
// @see https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#how-the-client-specifies-what-resources-to-return
import { typeUrl, type TypeUrl } from '../../envoy/proto/type-urls.ts';
import { checkNames } from '../wire/limits.ts';
import { changedSet } from './name-set.ts';

export interface Subscription {
  readonly wildcard: boolean;
  /** Names asked for one by one, besides the wildcard. */
  readonly names: ReadonlySet<string>;
  /** State of the world: some request of this type has named something, so naming nothing now means nothing. */
  readonly hasNamed: boolean;
}

export interface SubscriptionChange {
  readonly subscription: Subscription;
  /** Names to answer whatever the client may have: it may have forgotten them. */
  readonly asked: readonly string[];
  /** Names the client no longer wants. */
  readonly dropped: readonly string[];
}

export const wildcardName = '*';

/** Types of which naming nothing in the first request means everything. Envoy asks for virtual hosts so. */
const legacyWildcard: ReadonlySet<TypeUrl> = new Set([
  typeUrl.listener,
  typeUrl.cluster,
  typeUrl.virtualHost,
]);

export function covers(subscription: Subscription, name: string): boolean {
  return subscription.wildcard || subscription.names.has(name);
}

/** Who subscribes to the same is told apart by this at a glance: streams that asked with the same list share the set. */
export function subscribedOf({ wildcard, names }: Subscription): ReadonlySet<string> | 'everything' {
  return wildcard ? 'everything' : names;
}

export interface DeltaNames {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
}

/**
 * A delta request. @throws LimitError when that makes too many names. `current` is null for the first of its type on the stream. Names to subscribe are taken
 * before names to unsubscribe, so {subscribe *, unsubscribe *} means: nothing yet.
 */
export function changeDelta(
  type: TypeUrl,
  current: Subscription | null,
  { subscribe, unsubscribe }: DeltaNames,
): SubscriptionChange {
  const isLegacy = current === null && subscribe.length === 0 && legacyWildcard.has(type);
  const had = current ?? { wildcard: isLegacy, names: new Set<string>() };
  const wildcard = (had.wildcard || subscribe.includes(wildcardName)) && !unsubscribe.includes(wildcardName);
  if (subscribe.length + unsubscribe.length === 0) {
    return { subscription: { wildcard, names: had.names, hasNamed: true }, asked: [], dropped: [] };
  }
  if (!wildcard && had.names.size === 0 && unsubscribe.length === 0) return firstNames(subscribe);
  const asked = new Set(subscribe.filter((name) => name !== wildcardName));
  const gone = [...new Set(unsubscribe)].filter((name) => had.names.has(name) || asked.has(name));
  for (const name of gone) asked.delete(name);
  const names = changedSet(had.names, asked, gone);
  checkNames(names.size);
  const subscription = { wildcard, names, hasNamed: true };
  // With the wildcard held, the client cannot know whether the resource goes or stays: it waits for word.
  if (wildcard) return { subscription, asked: [...asked, ...gone], dropped: [] };
  return { subscription, asked: [...asked], dropped: gone };
}

function firstNames(subscribe: readonly string[]): SubscriptionChange {
  const names = setOf(subscribe);
  const asked = names.size === subscribe.length ? subscribe : [...names];
  return { subscription: { wildcard: false, names, hasNamed: true }, asked, dropped: [] };
}

const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

/** Streams that ask with the same list share one set. */
function setOf(names: readonly string[]): ReadonlySet<string> {
  let set = sets.get(names);
  if (set === undefined) sets.set(names, (set = new Set(names)));
  return set;
}

/** A state-of-the-world request lists everything that is wanted now. */
export function changeStateOfTheWorld(
  type: TypeUrl,
  current: Subscription | null,
  requested: readonly string[],
): SubscriptionChange {
  const hasNamed = (current?.hasNamed ?? false) || requested.length > 0;
  const explicit = requested.includes(wildcardName);
  const wildcard = explicit || (!hasNamed && legacyWildcard.has(type));
  const before = current?.names ?? new Set<string>();
  const names = new Set(requested.filter((name) => name !== wildcardName));
  const asked = [...names].filter((name) => !before.has(name));
  const dropped = wildcard ? [] : [...before].filter((name) => !names.has(name));
  return { subscription: { wildcard, names, hasNamed }, asked, dropped };
}
