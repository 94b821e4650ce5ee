// After a NACK: who was it, and what is sent next. Envoy applies parts of what it refuses (doubt.ts), and often names
// nobody. So every resource of the response counts as unknown and is sent again, and the culprit is found from the
// message or by halving.
import type { TypeUrl } from '../../envoy/proto/type-urls.ts';
import type { Entry } from '../snapshot/types.ts';
import { covers } from './subscription.ts';
import {
  clientHas,
  hasNothing,
  note,
  type ClientHas,
  type InFlight,
  type Quarantined,
  type Session,
  type TypeState,
} from './state.ts';
import { afterRefusal, appliesTheGoodOnes } from './doubt.ts';
import { isListedWhole } from './whole-type.ts';

/** Envoy's words without what differs between processes: the debug marker and the dump of the whole resource. */
export function normalise(message: string): string {
  const afterDump = message.lastIndexOf('\n: ');
  const useful = afterDump >= 0 ? message.slice(afterDump + 3) : message;
  return useful
    .replaceAll(/goo\.gle\/debug(?:proto|only|str)\s*/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 2000);
}

/** The culprits that the message or the size of the response gives away; empty: unknown. */
export function culpritsOf(type: TypeUrl, message: string, sent: readonly string[]): readonly string[] {
  if (sent.length === 1) return sent;
  if (appliesTheGoodOnes(type)) {
    const listed = /^Error adding\/updating (?:listener|cluster)\(s\) (.*)$/s.exec(message)?.[1];
    const named = listed === undefined ? noNames : namesIn(listed);
    const found = sent.filter((name) => named.has(name));
    if (found.length > 0) return found;
  }
  // A constraint violation is reported with a dump of the first offender.
  const dumped = /\bname: "([^"]+)"/.exec(message)?.[1];
  return dumped !== undefined && sent.includes(dumped) ? [dumped] : [];
}

const noNames: ReadonlySet<string> = new Set();

/** Names stand before a colon, at the start, on a line of their own or after a comma. In one go, whoever wrote the text. */
function namesIn(text: string): ReadonlySet<string> {
  const names = new Set<string>();
  let start = 0;
  for (const { 0: mark, index } of text.matchAll(/: |, |\n/g)) {
    if (mark !== ': ') start = index + mark.length;
    else if (start >= 0) {
      names.add(text.slice(start, index));
      // What follows is what is wrong with it.
      start = -1;
    }
  }
  return names;
}

export interface Refusal {
  readonly state: TypeState;
  readonly culprits: readonly string[];
}

export interface Nack {
  readonly message: string;
  readonly variant: Session['variant'];
}

/** The state of the type after a NACK of its response in flight. */
export function applyNack(type: TypeUrl, state: TypeState, inFlight: InFlight, nack: Nack): Refusal {
  const { message } = nack;
  const upserts = [...inFlight.sent].flatMap(([name, entry]) => (entry === null ? [] : [name]));
  const culprits = culpritsOf(type, message, upserts);
  const guilty = new Set(culprits);
  const isAlone = inFlight.sent.size === 1;
  const mayHaveEarlier = isUnlisted(type, state, nack.variant);
  const doubted = [...inFlight.sent].map(([name, entry]): [string, ClientHas] => {
    // Only removals, and refused: there is nothing else to try.
    if (upserts.length === 0) return [name, hasNothing];
    const isCulprit = guilty.has(name);
    return [
      name,
      afterRefusal(clientHas(state, name), { type, sent: entry, isCulprit, isAlone, mayHaveEarlier }),
    ];
  });
  const next = note({ ...state, inFlight: null }, doubted);
  return {
    culprits,
    state: {
      ...next,
      quarantine: quarantine(next, inFlight, culprits, normalise(message)),
      suspects: suspectsAfter(state.suspects, upserts, culprits),
    },
  };
}

/** On a new stream state of the world says nothing of what the client has: only a whole list that it accepts settles that. */
function isUnlisted(type: TypeUrl, { accepted }: TypeState, variant: Session['variant']): boolean {
  return variant === 'sotw' && isListedWhole(type) && !accepted;
}

function quarantine(
  state: TypeState,
  inFlight: InFlight,
  culprits: readonly string[],
  message: string,
): ReadonlyMap<string, Quarantined> {
  if (culprits.length === 0) return state.quarantine;
  const result = new Map(state.quarantine);
  for (const name of culprits) {
    const entry = inFlight.sent.get(name);
    if (entry === null || entry === undefined || !covers(state.subscription, name)) continue;
    const earlier = result.get(name);
    if (earlier?.lastGood === entry) {
      // Even what it had before is refused now: nothing is left to go back to.
      result.set(name, { ...earlier, lastGood: null });
      continue;
    }
    const { version } = entry;
    const refusals = earlier?.version === version ? earlier.refusals + 1 : 1;
    const lastGood = lastGoodOf(state, name, entry);
    result.set(name, { version, message, lastGood, refusals, retryAtMs: null, isRetried: false });
  }
  return result;
}

function lastGoodOf(state: TypeState, name: string, refused: Entry): Entry | null {
  const before = clientHas(state, name).entry;
  return before === null || before.version === refused.version ? null : before;
}

/** Unknown culprit: the response in two halves. Known, or nobody left to suspect: the queue goes on. */
function suspectsAfter(
  queue: readonly (readonly string[])[],
  sent: readonly string[],
  culprits: readonly string[],
): readonly (readonly string[])[] {
  const rest = queue.slice(1);
  if (culprits.length > 0) {
    const guilty = new Set(culprits);
    const others = sent.filter((name) => !guilty.has(name));
    return others.length === 0 ? rest : [others, ...rest];
  }
  if (sent.length < 2) return rest;
  const middle = Math.ceil(sent.length / 2);
  return [sent.slice(0, middle), sent.slice(middle), ...rest];
}
