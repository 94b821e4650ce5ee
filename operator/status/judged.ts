// One object, as translation and the proxies judge it. Pure.
import { conditionType, type Verdict } from '../conditions/conditions.ts';
import { type Programmed, programmedOf, type Published } from './programmed.ts';

export interface Judged {
  readonly verdict: Verdict;
  readonly isAccepted: boolean;
  readonly programmed: Programmed;
}

export function judge(verdict: Verdict, published: Published): Judged {
  const isAccepted = verdict.conditions.every(
    ({ type, status }) => type !== conditionType.accepted || status === 'True',
  );
  return { verdict, isAccepted, programmed: programmedOf(verdict.origin, isAccepted, published) };
}
