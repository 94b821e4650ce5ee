// The table of protocol rules and the tests that it names say the same.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');
const folders = ['test/protocol', 'test/unit/xds'];
const readme = readFileSync(join(root, 'test/protocol/README.md'), 'utf8');

interface Row {
  readonly rules: readonly number[];
  /** Test files by their first name, paths, or a reason why there is none. */
  readonly named: readonly string[];
  readonly isApplicable: boolean;
}

const rows = readme.split('\n').flatMap((line): Row[] => {
  const [, numbers = '', , tests = ''] = line.split('|').map((cell) => cell.trim());
  if (!/^\d/.test(numbers)) return [];
  const named = [...tests.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
  return [
    { rules: numbers.split(', ').flatMap(range), named, isApplicable: !tests.startsWith('not applicable: ') },
  ];
});

function range(numbers: string): readonly number[] {
  const [from = 0, to = from] = numbers.split('–').map(Number);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** `delta 45`: the file has a test of that rule. */
const tested: ReadonlySet<string> = new Set(
  folders.flatMap((folder) =>
    readdirSync(join(root, folder), { encoding: 'utf8', recursive: true })
      .filter((file) => file.endsWith('.test.ts'))
      .flatMap((file) =>
        [...readFileSync(join(root, folder, file), 'utf8').matchAll(/['"`](\d+(?:, \d+)*): /g)].flatMap(
          ([, numbers = '']) => numbers.split(', ').map((rule) => `${basename(file, '.test.ts')} ${rule}`),
        ),
      ),
  ),
);

/** Judges every message of many lives rather than one rule at a time. */
const holistic = 'model';

test('every rule is in the table once', () => {
  expect(rows.flatMap((row) => row.rules).toSorted((a, b) => a - b)).toEqual(range('1–112'));
});

test('every rule names a test, or says why there is none', () => {
  expect(rows.filter((row) => row.isApplicable && row.named.length === 0)).toEqual([]);
});

test('the tests that the table names exist', () => {
  const missing = rows
    .filter((row) => row.isApplicable)
    .flatMap(({ rules, named }) => rules.flatMap((rule) => named.map((name) => ({ rule, name }))))
    .filter(({ rule, name }) => {
      if (name.includes('/')) return !existsSync(join(root, name));
      return name !== holistic && !tested.has(`${name} ${rule}`);
    });

  expect(missing).toEqual([]);
});

test('the table names every test that has the number of a rule', () => {
  const named = new Set(
    rows.flatMap((row) => row.rules.flatMap((rule) => row.named.map((it) => `${it} ${rule}`))),
  );

  expect([...tested].filter((it) => !named.has(it))).toEqual([]);
});
