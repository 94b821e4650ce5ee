// How a proxy stands, in few words: a report without what the leader knows itself, or need not know. Pure.
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import type { LagOfType, Stand } from './changes.ts';

/** So many names of a type are told, then it is all of the type: a proxy that has just come lags on everything. */
const namedAtMost = 256;
const rejectedAtMost = 256;
const messageAtMost = 4096;

export interface StandInWords {
  readonly stand: Stand;
  /** The same for all that stand alike. */
  readonly text: string;
}

const known = new WeakMap<ProxyReport, StandInWords>();

export function standOf(report: ProxyReport): StandInWords {
  let found = known.get(report);
  if (found === undefined) {
    const stand = standFrom(report);
    known.set(report, (found = { stand, text: JSON.stringify(stand) }));
  }
  return found;
}

function standFrom({ lagging, rejected, atRest }: ProxyReport): Stand {
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
