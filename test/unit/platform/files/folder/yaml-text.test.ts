import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  maxDocuments,
  parseYaml,
  splitDocuments,
  type YamlPiece,
  type YamlValue,
} from '../../../../../operator/platform/files/folder/yaml-text.ts';
import { runs } from '../../../../support/runs.ts';

const parse = (text: string): YamlValue => parseYaml({ number: 1, line: 1, text });
/** CPU time: others may use the machine. */
const spentMs = (): number => process.cpuUsage().user / 1000;
const pieces = (text: string): readonly YamlPiece[] | undefined => splitDocuments(text);

describe('a text is cut into documents', () => {
  test.each<[string, string, [line: number, text: string][]]>([
    [
      'at each marker',
      'a: 1\n---\nb: 2\n',
      [
        [1, 'a: 1'],
        [2, '---\nb: 2\n'],
      ],
    ],
    [
      'with Windows line ends',
      'a: 1\r\n---\r\nb: 2',
      [
        [1, 'a: 1\r'],
        [2, '---\r\nb: 2'],
      ],
    ],
    [
      'at a marker with content',
      'a: 1\n--- {b: 2}',
      [
        [1, 'a: 1'],
        [2, '--- {b: 2}'],
      ],
    ],
    ['not at longer dashes', 'a: |\n  x\n----\n', [[1, 'a: |\n  x\n----\n']]],
    ['not in a block of text', 'a: |\n  ---\n', [[1, 'a: |\n  ---\n']]],
    [
      'without those that say nothing',
      '# x\n---\n---\n\n---\na: 1\n---\n',
      [[1, '# x\n---\n---\n\n---\na: 1']],
    ],
    ['with a directive where it belongs', '%YAML 1.2\n---\na: 1', [[1, '%YAML 1.2\n---\na: 1']]],
  ])('%s', (_, text, expected) => {
    expect(pieces(text)?.map((piece) => [piece.line, piece.text])).toEqual(expected);
  });

  test('and there are at most so many', () => {
    const documents = (count: number): string => 'a: 1\n---\n'.repeat(count);

    expect(pieces(documents(maxDocuments))).toHaveLength(maxDocuments);
    expect(pieces(documents(maxDocuments + 1))).toBeUndefined();
  });

  test('that together are the text', () => {
    const line = fc.constantFrom('---', '--- a', '----', 'a: 1', '# x', '', '%YAML 1.2', '...', '  - b\r');
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const together = (pieces(lines.join('\n')) ?? []).map(({ text }) => text).join('\n');

        expect(lines.join('\n').startsWith(together)).toBe(true);
      }),
    );
  });
});

describe('a document is parsed', () => {
  test.each([
    ['numbers', 'a: [1, -2, 1e3, 0x1F, 0o17, 010]', { a: [1, -2, 1000, 31, 15, 10] }],
    ['words that YAML 1.1 takes for booleans', 'a: [on, yes, n]', { a: ['on', 'yes', 'n'] }],
    ['dates', 'a: 2026-01-01', { a: '2026-01-01' }],
    ['Windows line ends', 'a: |\r\n  x\r\n  y\r\nb: 1\r\n', { a: 'x\ny\n', b: 1 }],
    ['aliases', 'a: &x {b: 1}\nc: *x', { a: { b: 1 }, c: { b: 1 } }],
    ['names of members of a prototype', 'constructor: 1\ntoString: 2', { constructor: 1, toString: 2 }],
  ])('with %s', (_, text, value) => {
    expect(parse(text)).toEqual({ kind: 'value', value });
  });

  test.each(['', '---\n', '# nothing\n', '...\n'])('to nothing: %j', (text) => {
    expect(parse(text)).toEqual({ kind: 'nothing' });
  });

  test.each<[string, string, number, RegExp]>([
    ['a key twice', 'a: 1\nb: 1\na: 2', 2, /duplicated mapping key/],
    ['a NUL byte', 'a: 1\nb: \0', 1, /null byte/],
    ['a tab as indentation', 'a:\n\tb: 1', 1, /tab/],
    ['a tag of its own', 'a: !!js/function x', 0, /unknown scalar tag/],
    ['__proto__', 'a: {__proto__: {b: 1}}', 0, /no key can be __proto__/],
    ['two documents without a marker', 'a: 1\n...\nb: 1', 0, /separated by ---/],
    ['a map that is its own part', 'a: &x {b: *x}', 0, /./],
    ['an alias of nothing', 'a: *x', 0, /./],
  ])('but not with %s', (_, text, line, reason) => {
    expect(parse(text)).toEqual({ kind: 'error', line, reason: expect.stringMatching(reason) });
  });
});

describe('a text that is made to cost much costs little', () => {
  const size = 1024 * 1024;
  const doubled = Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`);

  test.each([
    ['nesting in brackets', '['.repeat(size)],
    ['nesting in dashes', '- '.repeat(size / 2)],
    ['nesting in keys', Array.from({ length: 1400 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['commas', `[${','.repeat(size)}`],
    ['stray brackets', '- ]\n'.repeat(size / 4)],
    ['doubling aliases', `a0: &a0 [x]\n${doubled.join('\n')}`],
    ['many aliases of a long text', `a: &a ${'x'.repeat(size / 2)}\nb: [${'*a,'.repeat(100)}]`],
    ['more aliases than may be', `a: &a x\nb: [${'*a,'.repeat(size / 4)}]`],
    ['many values', '- 1\n'.repeat(size / 4)],
  ])('%s', (_, text) => {
    const start = spentMs();

    expect(parse(text).kind).toBe('error');

    // Quadratic work on a megabyte takes minutes.
    expect(spentMs() - start).toBeLessThan(5_000);
  });

  test.each([
    ['markers', '---\n'],
    ['markers and comments', '# x\n---\n'],
    ['markers and empty lines', '\n---\n'],
    ['directives', '%YAML 1.2\n---\n'],
  ])('nothing but %s', (_, line) => {
    const text = line.repeat(40_000);
    const start = spentMs();

    expect(pieces(text)).toEqual([]);

    expect(spentMs() - start).toBeLessThan(5_000);
  });

  test('and many keys are no mistake', () => {
    const keys = Array.from({ length: 50_000 }, (_, i) => `k${i}: 1`).join('\n');
    const start = spentMs();

    expect(parse(keys).kind).toBe('value');

    expect(spentMs() - start).toBeLessThan(5_000);
  });
});

test('any text at all is answered, not thrown at', () => {
  const letters = 'ab:-[]{}"\'&*!%#|>\n\t\r\0 ,?'.split('');
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...letters), maxLength: 60 }), (text) => {
      for (const piece of pieces(text) ?? []) expect(parseYaml(piece)).toHaveProperty('kind');
    }),
    runs(2_000),
  );
});
