// The acknowledgements of a proxy, in few words: a report without what the leader knows itself, or need not know. Pure.
import { originText } from '../ir/origin.ts';
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import { anyName } from '../xds/session/returning.ts';
import type { AckState, Former, LagOfType } from './changes.ts';

/** So many names of a type are told, then it is all of the type: a proxy that has just come lags on everything. */
const namedAtMost = 256;
const rejectedAtMost = 256;
const formerAtMost = 256;
const messageAtMost = 4096;

export interface AckStateText {
  readonly ackState: AckState;
  /** The same for all in the same state. */
  readonly text: string;
}

const known = new WeakMap<ProxyReport, AckStateText>();

export function ackStateOf(report: ProxyReport): AckStateText {
  let found = known.get(report);
  if (found === undefined) {
    const ackState = ackStateFrom(report);
    known.set(report, (found = { ackState, text: JSON.stringify(ackState) }));
  }
  return found;
}

function ackStateFrom({ lagging, rejected, former, atRest }: ProxyReport): AckState {
  const byType = new Map<string, string[]>();
  for (const { typeUrl, name } of lagging) {
    const names = byType.get(typeUrl);
    if (names === undefined) byType.set(typeUrl, [name]);
    else if (names.length <= namedAtMost) names.push(name);
  }
  return {
    lagging: [...byType].map(([typeUrl, names]): LagOfType => {
      return { typeUrl, names: names.length > namedAtMost ? null : names };
    }),
    rejected: rejected.slice(0, rejectedAtMost).map(({ typeUrl, name, message }) => {
      return { typeUrl, name, message: message.slice(0, messageAtMost) };
    }),
    former: formerOf(former),
    atRest,
  };
}

/** More than can be named is something that nobody knows. */
function formerOf(former: ProxyReport['former']): readonly Former[] {
  const [first] = former;
  if (first !== undefined && former.length > formerAtMost)
    return [{ typeUrl: first.typeUrl, name: anyName, origins: null }];
  return former.map(({ typeUrl, name, origins }) => {
    return { typeUrl, name, origins: origins?.map(originText) ?? null };
  });
}
