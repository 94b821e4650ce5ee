// State of the world: listeners and clusters are listed whole, and what is left out is gone. Other types list
// only what changed.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#how-the-client-specifies-what-resources-to-return
import { typeUrl as url, type TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { Entry } from '../snapshot/types.ts';
import { covers } from './subscription.ts';
import { entriesOf, type Stack } from './view.ts';
import { clientHas, type TypeState } from './state.ts';

export function isListedWhole(type: TypeUrl): boolean {
  return type === url.listener || type === url.cluster;
}

export const noNames: ReadonlyMap<string, Entry | null> = new Map();

export interface Listing {
  readonly resources: readonly Entry[];
  readonly settles: ReadonlyMap<string, Entry | null>;
  /** With what the client has already: who asked for that is answered, too. */
  readonly listed: readonly Entry[];
}

/** What a response lists, and what it thereby settles. */
export function listing(
  type: TypeUrl,
  state: TypeState,
  sent: ReadonlyMap<string, Entry | null>,
  stack: Stack,
): Listing {
  const listed = wholeType(type, state, sent, stack);
  const settles = isListedWhole(type) ? settledBy(state, sent, listed) : noNames;
  return { resources: listed, settles, listed };
}

/** What a response has to hold that brings `sent` to the client. */
function wholeType(
  type: TypeUrl,
  state: TypeState,
  sent: ReadonlyMap<string, Entry | null>,
  stack: Stack,
): readonly Entry[] {
  const all = new Map<string, Entry>();
  for (const [name, entry] of sent) if (entry !== null) all.set(name, entry);
  if (!isListedWhole(type)) return [...all.values()];
  // The rest stays as the client has it: not yet its turn, or refused, or about to be removed later.
  for (const name of new Set([...state.behind.keys(), ...namesOf(stack)])) {
    if (sent.has(name) || !covers(state.subscription, name)) continue;
    const { entry } = clientHas(state, name);
    if (entry !== null) all.set(name, entry);
  }
  return [...all.values()];
}

function* namesOf(stack: Stack): Generator<string> {
  for (const entry of entriesOf(stack)) yield entry.name;
}

/** What a whole list settles of the names in doubt that are not in `sent`: it has them, or leaves them out. */
function settledBy(
  state: TypeState,
  sent: ReadonlyMap<string, Entry | null>,
  listed: readonly Entry[],
): ReadonlyMap<string, Entry | null> {
  const unsure = [...state.behind].filter(([name, { certain }]) => !certain && !sent.has(name));
  if (unsure.length === 0) return new Map();
  const byName = new Map(listed.map((entry) => [entry.name, entry]));
  return new Map(unsure.map(([name]) => [name, byName.get(name) ?? null]));
}
