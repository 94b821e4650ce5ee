// How large a regular expression becomes when RE2 compiles it, estimated from its text alone: to compile it first would cost
// what the bound is there to save. Repetition is what makes a short text large: (?:a{100}){10} has a thousand instructions.
import { derivedSize } from './derived-expressions.ts';
import { memberPath } from './field-path.ts';
import { isRecord } from './fields.ts';

/** RE2 instructions that one expression may have: more than any text of 1,024 characters without repetition. */
export const maxExpressionSize = 2_048;
/** RE2 instructions of all expressions of one object. Every sidecar that has it pays some 100 bytes for each. */
export const maxTotalExpressionSize = 8_192;

/** Several ranges of bytes, for example \pL or [[:alpha:]]. */
const classSize = 8;

/** An estimate, seldom too low and then by little. Never throws: a text that is no expression has a size as well. */
export function expressionSize(expression: string): number {
  const stack: number[] = [];
  let size = 0;
  /** What a repetition after it repeats. */
  let last = 0;
  const add = (instructions: number): void => {
    size += instructions;
    last = instructions;
  };
  for (const [token] of expression.matchAll(tokens)) {
    if (token.startsWith('(')) {
      stack.push(size);
      size = 0;
      last = 0;
    } else if (token === ')') {
      const group = size + 2;
      size = stack.pop() ?? 0;
      add(group);
    } else if (repetition.test(token)) {
      const more = last * (copies(token) - 1);
      size += more;
      last += more;
    } else if (token.startsWith('\\Q')) {
      add(token.length);
    } else {
      add(isClass.test(token) ? classSize : 1);
    }
  }
  return size + stack.reduce((sum, outer) => sum + outer, 0);
}

/** Quoted text, other escapes, classes, the beginning of a group with its flags or name, repetitions, characters. */
const tokens =
  /\\Q[^]*?(?:\\E|$)|\\[pP](?:\{[^}]*\}|[^])|\\x\{[^}]*\}|\\[^]|\[\^?\]?(?:\[:[^\]]*:\]|\\[^]|[^\]\\])*\]|\(\?(?:P?<[^>]*>|[imsU-]*:)|\(|\)|\{\d+(?:,\d*)?\}|[^]/gu;
const repetition = /^\{\d+(?:,\d*)?\}$/;
const isClass = /^(?:\[|\\[pPdDsSwW])/;

/** {3}: three, {3,}: three and a loop, {3,5}: five. */
function copies(token: string): number {
  const [, low = '1', comma, high] = /^\{(\d+)(,)?(\d+)?\}$/.exec(token) ?? [];
  if (comma === undefined) return Math.max(1, Number(low));
  return high === undefined ? Number(low) + 1 : Math.max(1, Number(high));
}

/** What is wrong with the size of the expressions in the spec of a TrafficPolicy, one sentence or two each. */
export function sizeProblems(spec: unknown): readonly string[] {
  const found = expressionsIn(spec, 'spec').map(({ path, value }) => ({ path, size: expressionSize(value) }));
  const derived = derivedSize(spec);
  const total = totalOf(found.map(({ size }) => size)) + derived;
  return [
    ...found
      .filter(({ size }) => size > maxExpressionSize)
      .map(
        ({ path, size }) =>
          `${path} needs about ${size} RE2 instructions. Use at most ${maxExpressionSize}: repeat less.`,
      ),
    ...(total > maxTotalExpressionSize
      ? [
          `spec: all regular expressions together need about ${total} RE2 instructions${derived === 0 ? '' : `, ${derived} of them for hostnames, encoded paths and ReplacePrefixMatch`}. Use at most ${maxTotalExpressionSize}: simplify them, or split the object.`,
        ]
      : []),
  ];
}

/** RE2 instructions of all expressions that a spec writes itself. */
export function expressionSizes(spec: unknown): number {
  return expressionsIn(spec, 'spec').reduce((sum, { value }) => sum + expressionSize(value), 0);
}

/** Of those that are not too large by themselves. */
export function totalOf(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => (size > maxExpressionSize ? sum : sum + size), 0);
}

interface FoundExpression {
  readonly path: string;
  readonly value: string;
}

function expressionsIn(value: unknown, path: string): readonly FoundExpression[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => expressionsIn(item, memberPath(path, index)));
  }
  if (!isRecord(value)) return [];
  const own =
    value['type'] === 'RegularExpression' && typeof value['value'] === 'string'
      ? [{ path: memberPath(path, 'value'), value: value['value'] }]
      : [];
  return [
    ...own,
    ...Object.entries(value).flatMap(([name, child]) => expressionsIn(child, memberPath(path, name))),
  ];
}
