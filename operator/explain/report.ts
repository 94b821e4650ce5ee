// Answers as one text, and what they mean for a script.
import { type Answer, type Explain, succeeds } from './answer.ts';
import type { Question } from './question.ts';
import { textOf } from './text.ts';

export type Output = 'text' | 'json';

export interface Report {
  readonly text: string;
  /** 0: nothing to see to. 1: a call fails, or changes. */
  readonly exitCode: 0 | 1;
}

/** @throws QuestionError */
export function reportAnswers(questions: readonly Question[], explain: Explain, output: Output): Report {
  const answers = questions.map(explain);
  const text = output === 'json' ? json(answers) : answers.map(textOf).join('\n');
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
function effect({ explanation, limits }: Answer): string {
  const { outcome } = explanation;
  if (outcome.type !== 'Http') return JSON.stringify(outcome);
  const { route: _, virtualHost: __, origins: ___, ...noticed } = outcome;
  return JSON.stringify([noticed, limits.map(({ limit, endpoints }) => [limit, endpoints])]);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
