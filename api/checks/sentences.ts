// What zod found wrong, in sentences that name the field and say what to do.
import type { z } from 'zod';
import { memberPath } from './field-path.ts';

type Issue = z.core.$ZodIssue;

/** One sentence or two for an issue; path is where the parsed value stands. Parse with reportInput. */
export function sentence(issue: Issue, path: string): string {
  const field = issue.path.reduce<string>(memberPath, path);
  if (issue.input === undefined && issue.code !== 'custom') return `${field} is missing. Add it.`;
  return `${field}${observed(issue)} ${advice(issue)}`;
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'a string (in YAML, in quotes if it looks like a number or a boolean)',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  object: 'a map of fields',
  record: 'a map of strings',
};

function observed(issue: Issue): string {
  const { input } = issue;
  if (issue.code === 'invalid_type') return ` is ${kindOf(input)}.`;
  if (Array.isArray(input)) return ` has ${input.length} items.`;
  if (typeof input === 'string' && input.length > 80) return ` has ${input.length} characters.`;
  return typeof input === 'string' || typeof input === 'number' ? ` is ${JSON.stringify(input)}.` : ':';
}

function kindOf(input: unknown): string {
  if (input === null) return 'null';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object') return 'a map';
  return typeof input === 'number' && !Number.isInteger(input) ? 'a fraction' : `a ${typeof input}`;
}

function advice(issue: Issue): string {
  if (issue.code === 'invalid_type') return `Write ${typeWords[issue.expected] ?? issue.expected}.`;
  if (issue.code === 'invalid_value') return `Use one of ${issue.values.map(String).join(', ')}.`;
  if (issue.code === 'too_small') return `It must be at least ${issue.minimum}${unit(issue.origin)}.`;
  if (issue.code === 'too_big') return `It may be at most ${issue.maximum}${unit(issue.origin)}.`;
  return issue.message;
}

function unit(origin: string): string {
  if (origin === 'string') return ' characters long';
  return origin === 'array' ? ' items long' : '';
}
