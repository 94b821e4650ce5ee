// JSON values as expressions, as the CEL interpreter of the project reads them.
import { expect, test } from '@jest/globals';
import { Cel, celLiteral } from '../../../operator/infra/cel-literal.ts';

test.each([
  ['a text', '"a text"'],
  ['"quoted" \\ \n', String.raw`"\"quoted\" \\ \n"`],
  [1, '1'],
  [true, 'true'],
  [[1, 'a'], '[dyn(1), dyn("a")]'],
  [{ a: { b: [] } }, '{"a": dyn({"b": dyn([])})}'],
  [{ a: new Cel('variables.a') }, '{"a": dyn(variables.a)}'],
])('%j', (value, expected) => {
  expect(celLiteral(value)).toBe(expected);
});

test('texts in strings are expressions, each in its place', () => {
  const texts = new Map([
    ['A', 'variables.a'],
    ['B\n', 'variables.b'],
  ]);

  expect(celLiteral('xAyB\nzA', texts)).toBe('"x" + variables.a + "y" + variables.b + "z" + variables.a');
  expect(celLiteral(['A', 'c'], texts)).toBe('[dyn(variables.a), dyn("c")]');
});
