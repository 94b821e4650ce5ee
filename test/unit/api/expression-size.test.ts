import { expect, test } from '@jest/globals';
import { assert, constantFrom, letrec, oneof, property, tuple } from 'fast-check';
import { RE2JS } from 're2js';
import { admit } from '../../../api/admission.ts';
import { expressionSize, maxExpressionSize } from '../../../api/checks/expression-size.ts';
import { runs } from '../../support/runs.ts';

test.each([
  ['abc', 3],
  ['a{10}', 10],
  ['a{2,}', 3],
  ['a{2,7}', 7],
  ['(?:ab){10}', 40],
  ['(?:a{100}){10}', 1020],
  [String.raw`\pL`, 8],
  ['[a-z]{10}', 80],
  [String.raw`\Q{10}\E`, 8],
  ['{', 1],
  ['a{,5}', 5],
])('the size of %s is %i', (expression, size) => {
  expect(expressionSize(expression)).toBe(size);
});

test('an expression that grew a sidecar from 66 to 759 MiB is too large', () => {
  expect(expressionSize(String.raw`/N(?:\pL\pN\pP\pS){900}`)).toBeGreaterThan(maxExpressionSize);
});

test('the longest text without a repetition is not', () => {
  expect(expressionSize('x'.repeat(1024))).toBeLessThan(maxExpressionSize);
});

const atom = constantFrom(
  'a',
  '.',
  '[a-c]',
  '[^x]',
  String.raw`\d`,
  String.raw`\pL`,
  'é',
  String.raw`\.`,
  '^',
  '$',
);
const { expression } = letrec<{ expression: string }>((tie) => ({
  expression: oneof(
    { depthSize: 'small', withCrossShrink: true },
    atom,
    tuple(tie('expression'), tie('expression')).map(([a, b]) => a + b),
    tuple(tie('expression'), tie('expression')).map(([a, b]) => `(?:${a}|${b})`),
    tuple(tie('expression'), constantFrom('*', '+', '?', '{3}', '{2,}', '{1,4}', '{7}?')).map(
      ([a, times]) => `(${a})${times}`,
    ),
  ),
}));

test('the estimate is not below half of what RE2 makes of it', () => {
  assert(
    property(expression, (text) => {
      expect(2 * expressionSize(text) + 8).toBeGreaterThanOrEqual(RE2JS.compile(text).programSize());
    }),
    runs(500),
  );
});

function policyWith(expressions: readonly string[]): object {
  const routes = expressions.map((value) => ({ matches: [{ path: { type: 'RegularExpression', value } }] }));
  return {
    apiVersion: 'meshwright.dev/v1alpha1',
    kind: 'TrafficPolicy',
    metadata: { name: 'p', namespace: 'shop' },
    spec: { targetRefs: [{ kind: 'Service', name: 'reviews' }], routes },
  };
}

test('an object with an expression that is too large is refused, by its field', () => {
  expect(admit(policyWith([String.raw`/N(?:\pL\pN\pP\pS){900}`]))).toEqual({
    ok: false,
    problems: [
      'spec.routes[0].matches[0].path.value needs about 30602 RE2 instructions. Use at most 2048: repeat less.',
    ],
  });
});

test('so is one with many large expressions', () => {
  const admission = admit(policyWith(Array.from({ length: 9 }, (_, index) => `/${index}(?:ab){400}`)));

  expect(admission).toEqual({
    ok: false,
    problems: [expect.stringContaining('Use at most 8192: simplify them, or split the object.')],
  });
});
