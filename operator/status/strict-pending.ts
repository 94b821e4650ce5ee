// That ports are not Strict yet: in the condition Programmed of whoever wants it. Pure.
import type { StrictCaller, StrictReport, StrictWaiting } from '../conditions/strict-report.ts';
import { reason } from '../conditions/conditions.ts';
import type { MtlsPlaceIr } from '../ir/mtls-place.ts';
import { type Origin, originKey } from '../ir/origin.ts';
import { rememberEach } from '../values/remember.ts';
import { timestamp } from './object-status.ts';
import type { Programmed } from './programmed.ts';

export interface StrictTransitions {
  /** Of the resources that verdicts are made from. */
  readonly places: readonly MtlsPlaceIr[];
  /** What the leader found of them; it may come later. */
  readonly reports: readonly StrictReport[];
}

interface Unfinished {
  /** Ports that are not Strict yet. */
  readonly staged: number;
  /** Ports that are Strict, but would accept plaintext again if the transition were Safe now. */
  readonly unsettled: number;
  readonly reports: readonly StrictReport[];
}

/** originKey → the ports that are not Strict yet, or not for good. */
export type UnfinishedByOrigin = ReadonlyMap<string, Unfinished>;

const mostPlaces = 3;
const mostCallers = 3;

/** Hardly any of ten thousand places is one of them, and most changes leave the list as it is. */
const unfinishedAmong = rememberEach((places: readonly MtlsPlaceIr[]) =>
  places.filter(({ isStaged, isUnsettled }) => isStaged || isUnsettled),
);

export function unfinishedByOrigin({ places, reports }: StrictTransitions): UnfinishedByOrigin {
  const unfinished = new Map<string, Unfinished>();
  const of = (origin: Origin): Unfinished =>
    unfinished.get(originKey(origin)) ?? { staged: 0, unsettled: 0, reports: [] };
  for (const { decidedBy, isStaged } of unfinishedAmong(places))
    for (const origin of decidedBy) {
      const known = of(origin);
      const { staged, unsettled } = known;
      const counted = isStaged ? { staged: staged + 1 } : { unsettled: unsettled + 1 };
      unfinished.set(originKey(origin), { ...known, ...counted });
    }
  for (const report of reports)
    for (const origin of report.decidedBy)
      if (unfinished.has(originKey(origin))) {
        const known = of(origin);
        unfinished.set(originKey(origin), { ...known, reports: [...known.reports, report] });
      }
  return unfinished;
}

/** Not before the ports are Strict, and stay so if the transition becomes Safe. What is worse stays. */
export function withUnfinished(
  programmed: Programmed,
  origin: Origin,
  unfinished: UnfinishedByOrigin,
): Programmed {
  const here = unfinished.get(originKey(origin));
  const { condition } = programmed;
  if (here === undefined || condition.status !== 'True') return programmed;
  // A report may be of before the transition became Immediate.
  const hasStepped = here.staged > 0 && here.reports.some(({ waiting }) => waiting.refused.length > 0);
  return {
    ...programmed,
    condition: {
      ...condition,
      status: 'False',
      reason: hasStepped ? reason.steppedBack : reason.pending,
      message: messageOf(here),
    },
  };
}

function messageOf(unfinished: Unfinished): string {
  return [...stagedText(unfinished), ...unsettledText(unfinished)].join(' ');
}

function unsettledText({ unsettled }: Unfinished): readonly string[] {
  if (unsettled === 0) return [];
  return [
    `Strict is in force on ${portsText(unsettled)}, but the operator has not saved that yet: with mtls.transition.type Safe, plaintext would be accepted there again.`,
    'If this lasts, the log of the operator says why.',
  ];
}

function stagedText({ staged, reports }: Unfinished): readonly string[] {
  if (staged === 0) return [];
  const told = reports.slice(0, mostPlaces).map(sentenceOf);
  const others = staged - told.length;
  const more = told.length > 0 && others > 0 ? [`The same applies to ${portsText(others)} more.`] : [];
  const fact = `Strict is not in force on ${portsText(staged)} yet.`;
  return [fact, ...told, ...more, 'To enforce it now, set mtls.transition.type to Immediate.'];
}

function portsText(count: number): string {
  return count === 1 ? '1 port' : `${count} ports`;
}

function sentenceOf({ place, waiting }: StrictReport): string {
  const { refused, silent, neededMs } = waiting;
  const period = durationText(neededMs);
  return [
    refused.length > 0
      ? `${place} was Strict and refused plaintext (${callersText(refused)}), so it accepts plaintext again until there was none for ${period}.`
      : `${place} ${stateOf(waiting, period)}`,
    ...(silent.length === 0
      ? []
      : [
          `It waits for sidecars that do not report: ${listed(silent)}. Check that they run and are connected.`,
        ]),
  ].join(' ');
}

function stateOf({ callers, quietSinceMs, neededMs, silent }: StrictWaiting, period: string): string {
  if (callers.length > 0)
    return `still gets plaintext: ${callersText(callers)}. Strict takes effect ${period} after the last call.`;
  if (silent.length > 0) return `becomes Strict after ${period} without plaintext.`;
  return `becomes Strict at ${time(quietSinceMs + neededMs)} if nobody calls it in plaintext until then.`;
}

/** `12 calls from Pod shop/legacy (10.0.0.7), the last at 2026-01-01T00:00:00Z` */
function callersText(callers: readonly StrictCaller[]): string {
  return listed(
    callers.map(
      ({ name, count, lastMs }) =>
        `${count} ${count === 1 ? 'call' : 'calls'} from ${name}, the last at ${time(lastMs)}`,
    ),
    '; ',
  );
}

function listed(all: readonly string[], separator = ', '): string {
  const others = all.length - mostCallers;
  return `${all.slice(0, mostCallers).join(separator)}${others > 0 ? ` and ${others} more` : ''}`;
}

function time(ms: number): string {
  return timestamp(new Date(ms));
}

/** `10m`, `90s` */
function durationText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds % 3_600 === 0) return `${seconds / 3_600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}
