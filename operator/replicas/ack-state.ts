// The acknowledgements of a proxy, in few words: a report without what the leader knows itself, or need not know. Pure.
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import type { LagOfType, AckState } from './changes.ts';

/** So many names of a type are told, then it is all of the type: a proxy that has just come lags on everything. */
const namedAtMost = 256;
const rejectedAtMost = 256;
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

function ackStateFrom({ lagging, rejected, atRest }: ProxyReport): AckState {
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
    atRest,
  };
}
