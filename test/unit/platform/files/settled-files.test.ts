import { expect, test } from '@jest/globals';
import { absentMs, quietMs, SettledFiles } from '../../../../operator/platform/files/settled-files.ts';

const none = new Set<string>();
const folder = (text?: string): Map<string, string> => new Map(text === undefined ? [] : [['a.yaml', text]]);

/** Settled with `old` in a.yaml, at time 0. */
function settledWith(old: string): SettledFiles {
  const files = new SettledFiles();
  files.look(folder(old), none, 0);
  return files;
}

test('the first look takes everything at once', () => {
  expect(new SettledFiles().look(folder('old'), none, 0)).toEqual({
    changed: new Map([['a.yaml', 'old']]),
    nextLookMs: undefined,
  });
});

test('a folder that did not change has nothing to tell', () => {
  expect(settledWith('old').look(folder('old'), none, 1)).toEqual({
    changed: new Map(),
    nextLookMs: undefined,
  });
});

test('a new text counts when it was the same for a while', () => {
  const files = settledWith('old');

  const looks = [0, quietMs - 1, quietMs].map((now) => files.look(folder('new'), none, now));

  expect(looks).toEqual([
    { changed: new Map(), nextLookMs: quietMs },
    { changed: new Map(), nextLookMs: 1 },
    { changed: new Map([['a.yaml', 'new']]), nextLookMs: undefined },
  ]);
});

test('a text that goes on changing does not count', () => {
  const files = settledWith('old');

  files.look(folder('ne'), none, 0);

  expect(files.look(folder('new'), none, quietMs)).toEqual({ changed: new Map(), nextLookMs: quietMs });
});

test('an edit that is taken back in time was none', () => {
  const files = settledWith('old');

  files.look(folder('new'), none, 0);
  files.look(folder('old'), none, 1);

  expect(files.look(folder('old'), none, 1_000)).toEqual({ changed: new Map(), nextLookMs: undefined });
});

test.each([
  ['gone', undefined],
  ['empty', ''],
])('a file that is %s for a moment, as editors do, keeps its text', (_, between) => {
  const files = settledWith('old');

  const during = files.look(folder(between), none, 0);
  const after = files.look(folder('old'), none, absentMs - 1);

  expect(during).toEqual({ changed: new Map(), nextLookMs: absentMs });
  expect(after).toEqual({ changed: new Map(), nextLookMs: undefined });
});

test('a file that stays away is gone', () => {
  const files = settledWith('old');

  files.look(folder(), none, 0);

  expect(files.look(folder(), none, absentMs).changed).toEqual(new Map([['a.yaml', undefined]]));
});

test('a file that cannot be read is not gone', () => {
  const files = settledWith('old');

  files.look(folder(), new Set(['a.yaml']), 0);

  expect(files.look(folder(), new Set(['a.yaml']), 10 * absentMs).changed).toEqual(new Map());
});
