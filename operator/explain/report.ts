// Answers as one text, and what they mean for a script.
import { type Answer, type Explain, isRefused, succeeds } from './answer.ts';
import { byText } from '../values/compare-text.ts';
import type { Access } from './access/access.ts';
import type { Question } from './question.ts';
import { textOf } from './text.ts';

export type Output = 'text' | 'json';

export interface Report {
  readonly text: string;
  /** 0: nothing to see to. 1: a call fails, or changes. 3: a call is refused. */
  readonly exitCode: 0 | 1 | 3;
}

/** @throws QuestionError */
export function reportAnswers(questions: readonly Question[], explain: Explain, output: Output): Report {
  const answers = questions.map(explain);
  const text = output === 'json' ? json(answers) : answers.map(textOf).join('\n');
  if (answers.some(isRefused)) return { text, exitCode: 3 };
  return { text, exitCode: answers.every(({ explanation }) => succeeds(explanation)) ? 0 : 1 };
}

/** @throws QuestionError for what is no call before and after. What is one only then has changed. */
export function reportChanges(
  questions: readonly Question[],
  [now, later]: readonly [Explain, Explain],
  output: Output,
): Report {
  const changes = questions
    .map((question) => ({ before: now(question), after: later(question) }))
    .filter(({ before, after }) => effect(before) !== effect(after));
  const exitCode = changes.length === 0 ? 0 : 1;
  if (output === 'json') return { text: json(changes), exitCode };
  const summary = `${changes.length} of ${questions.length} calls change.\n`;
  const texts = changes.map(({ before, after }) => `\nBefore: ${textOf(before)}After:  ${textOf(after)}`);
  return { text: [summary, ...texts].join(''), exitCode };
}

/** What callers notice: not who says it, nor where. */
function effect({ explanation, limits, access }: Answer): string {
  const { outcome } = explanation;
  const letIn = noticedOfAccess(access);
  if (outcome.type !== 'Http') return JSON.stringify([outcome, letIn]);
  const { route: _, virtualHost: __, origins: ___, ...noticed } = outcome;
  return JSON.stringify([noticed, limits.map(({ limit, endpoints }) => [limit, endpoints]), letIn]);
}

/** Each with its endpoints: not the rules, nor the tokens that others would need; but whom the server sees, and who would be refused. */
function noticedOfAccess(access: Answer['access']): readonly unknown[] {
  const byEffect = new Map<string, string[]>();
  for (const { access: one, endpoints } of access) {
    const key = JSON.stringify(one === null ? null : noticedOf(one));
    byEffect.set(key, [...(byEffect.get(key) ?? []), ...(endpoints ?? [])].toSorted());
  }
  return byEffect.size === 1 ? [...byEffect.keys()] : [...byEffect].toSorted(byText(([key]) => key));
}

function noticedOf({ identity, verdict, onTrial }: Access): readonly unknown[] {
  const result = verdict.type === 'Refused' ? [verdict.by, verdict.status] : verdict.type;
  return [identity, result, onTrial.length > 0];
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
