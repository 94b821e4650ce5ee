// What a client runs, or may run, that is not as it is to be: what earlier configuration left behind in it. Pure.
import type { TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { Entry } from '../snapshot/types.ts';
import type { FormerResource } from './proxy-report.ts';
import { lookup, type Stack } from './view.ts';
import { clientHas, type InFlight, type TypeState } from './state.ts';

/** What the client may have of a name in place of `entry`. undefined: it is to have nothing of that name. */
export function formerOf(
  typeUrl: TypeUrl,
  name: string,
  state: TypeState,
  entry: Entry | undefined,
): readonly FormerResource[] {
  const others = new Set<Entry | null>();
  for (const candidate of candidates(state, name))
    if (candidate?.version !== entry?.version || candidate === null) others.add(candidate);
  return [...others].map((it) => ({ typeUrl, name, origins: it?.origins ?? null }));
}

/** null: something that was not sent on this stream. */
function* candidates(state: TypeState, name: string): Generator<Entry | null> {
  const present = clientHas(state, name);
  if (present.version !== null) yield present.entry;
  yield* present.orElse ?? [];
  const sent = state.inFlight?.sent.get(name);
  if (sent !== undefined && sent !== null) yield sent;
}

const unsettledBy = new WeakMap<InFlight['sent'], { stack: Stack; names: readonly string[] }>();
const none: readonly string[] = [];

/** Names of which something else is under way than what the client is to have by now. */
export function unsettledNames(inFlight: InFlight | null, stack: Stack): readonly string[] {
  if (inFlight === null) return none;
  const { sent } = inFlight;
  const known = unsettledBy.get(sent);
  if (known?.stack === stack) return known.names;
  const names: string[] = [];
  for (const [name, entry] of sent) if (entry?.version !== lookup(stack, name)?.version) names.push(name);
  unsettledBy.set(sent, { stack, names });
  return names;
}
