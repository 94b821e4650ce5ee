// One object, as translation and the proxies judge it. Pure.
import { conditionType, type Verdict } from '../conditions/conditions.ts';
import { withoutSidecar } from './programmed-messages.ts';
import { type Programmed, programmedOf, type Published } from './programmed.ts';
import { type UnfinishedByOrigin, withUnfinished } from './strict-pending.ts';

export interface Judged {
  readonly verdict: Verdict;
  readonly isAccepted: boolean;
  readonly programmed: Programmed;
}

/** `proven`: the latest generation that all proxies once obeyed. */
export function judge(
  verdict: Verdict,
  published: Published,
  proven: number | undefined,
  unfinished: UnfinishedByOrigin,
): Judged {
  const { origin } = verdict;
  const isAccepted = verdict.conditions.every(
    ({ type, status }) => type !== conditionType.accepted || status === 'True',
  );
  const isProven = proven === origin.generation;
  const obeyed = programmedOf(origin, { isAccepted, isProven }, published);
  const programmed = withUnfinished(obeyed, origin, unfinished);
  return { verdict, isAccepted, programmed: isAccepted ? withUnmeshed(programmed, verdict) : programmed };
}

function withUnmeshed(programmed: Programmed, { unmeshed = [] }: Verdict): Programmed {
  if (unmeshed.length === 0) return programmed;
  const { condition } = programmed;
  const message = `${condition.message} ${withoutSidecar(unmeshed)}`;
  return { ...programmed, condition: { ...condition, message } };
}
