// What the terminal shows: tables, diffs, wrapped sentences.
import { describe, expect, test } from '@jest/globals';
import { diffLines } from '../../../demo/screen/diff.ts';
import { Screen } from '../../../demo/screen/screen.ts';
import { formatAge, policyTable } from '../../../demo/screen/table.ts';
import { wrap } from '../../../demo/screen/wrap.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

test('the table has the columns of kubectl get, sorted by kind and name, without trailing spaces', () => {
  const row = {
    target: 'Service/reviews',
    accepted: 'True',
    programmed: 'True',
    proxies: '6/6',
    ageMs: 5 * second,
  };

  const lines = policyTable([
    { ...row, kind: 'TrafficPolicy', name: 'reviews' },
    {
      ...row,
      kind: 'SecurityPolicy',
      name: 'ratings',
      target: 'Service/ratings',
      programmed: '',
      proxies: '',
    },
  ]);

  expect(lines).toEqual([
    'NAME                     TARGET            ACCEPTED   PROGRAMMED   PROXIES   AGE',
    'securitypolicy/ratings   Service/ratings   True                              5s',
    'trafficpolicy/reviews    Service/reviews   True       True         6/6       5s',
  ]);
});

test.each([
  [-1, '0s'],
  [119 * second, '119s'],
  [2 * minute, '2m'],
  [2 * minute + 5 * second, '2m5s'],
  [10 * minute + 5 * second, '10m'],
  [3 * hour + 10 * minute, '3h10m'],
  [9 * hour + 10 * minute, '9h'],
])('an age of %d ms is %s, as kubectl says it', (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});

describe('diffLines', () => {
  test('marks changed lines, with one line around them and gaps between them marked', () => {
    const before = 'a\nb\nc\nd\ne\nf\ng\n';

    const lines = diffLines(before, 'a\nb\nX\nd\ne\nf\nY\n');

    expect(lines.map(({ mark, text }) => mark + text)).toEqual([
      ' b',
      '-c',
      '+X',
      ' d',
      ' …',
      ' f',
      '-g',
      '+Y',
    ]);
  });

  test('gives all lines of a new file as added', () => {
    expect(diffLines('', 'a\nb\n')).toEqual([
      { mark: '+', text: 'a' },
      { mark: '+', text: 'b' },
    ]);
  });

  test('says nothing of equal texts', () => {
    expect(diffLines('a\nb\n', 'a\nb\n')).toEqual([]);
  });

  test('adds lines at the end without touching the ones before', () => {
    const lines = diffLines('a\nb\n', 'a\nb\nc\nd\n');

    expect(lines.map(({ mark, text }) => mark + text)).toEqual([' b', '+c', '+d']);
  });
});

test('sentences are broken at spaces, and a word that is too long stays whole', () => {
  expect(wrap('one two three-is-long four', 9)).toEqual(['one two', 'three-is-long', 'four']);
});

function written(hasColors: boolean, use: (screen: Screen) => void): string {
  let text = '';
  use(new Screen({ write: (part) => (text += part), hasColors }));
  return text;
}

describe('Screen', () => {
  test('writes no escape sequences where colours are not wanted', () => {
    const text = written(false, (screen) => {
      screen.check(true, 'it holds');
      screen.check(false, 'it does not');
      screen.table(['ACCEPTED', 'False']);
    });

    expect(text).toBe('  ✓ it holds\n  ✗ NOT SO: it does not\n    ACCEPTED\n    False\n');
  });

  test('colours a False in a table', () => {
    expect(written(true, (screen) => screen.table(['ACCEPTED', 'False']))).toContain(
      '\u001B[31mFalse\u001B[39m',
    );
  });

  test('keeps to 100 columns', () => {
    const text = written(false, (screen) => {
      screen.heading('A title');
      screen.paragraph('word '.repeat(60));
      screen.fact('word '.repeat(60));
      screen.quote('word '.repeat(60));
    });

    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});
