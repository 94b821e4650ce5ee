import { expect, test } from '@jest/globals';
import type { FileContent } from '../../../../../operator/platform/files/folder/regular-file.ts';
import {
  partialMs,
  quietMs,
  SettledFiles,
  unreadableMs,
} from '../../../../../operator/platform/files/folder/settled-files.ts';

const text = (of: string): FileContent => ({ kind: 'text', text: of });
const old = text('old\n');
const unreadable: FileContent = { kind: 'unreadable', reason: 'is a named pipe.' };
const folder = (content?: FileContent): Map<string, FileContent> =>
  new Map(content === undefined ? [] : [['a.yaml', content]]);

/** Settled with `old` in a.yaml, at time 0. */
function settled(): SettledFiles {
  const files = new SettledFiles();
  files.look(folder(old), 0);
  return files;
}

test('the first look takes everything at once', () => {
  expect(new SettledFiles().look(folder(text('half')), 0)).toEqual({
    changed: new Map([['a.yaml', text('half')]]),
    nextLookMs: undefined,
  });
});

test('a folder that did not change has nothing to tell', () => {
  expect(settled().look(folder(text('old\n')), 1)).toEqual({ changed: new Map(), nextLookMs: undefined });
});

test('a new text counts when it was the same for a while', () => {
  const files = settled();

  const looks = [0, quietMs - 1, quietMs].map((now) => files.look(folder(text('new\n')), now));

  expect(looks).toEqual([
    { changed: new Map(), nextLookMs: quietMs },
    { changed: new Map(), nextLookMs: 1 },
    { changed: new Map([['a.yaml', text('new\n')]]), nextLookMs: undefined },
  ]);
});

test('a text that goes on changing does not count', () => {
  const files = settled();

  files.look(folder(text('new\n')), 0);

  expect(files.look(folder(text('new\nnew\n')), quietMs)).toEqual({
    changed: new Map(),
    nextLookMs: quietMs,
  });
});

test('an edit that is taken back in time was none', () => {
  const files = settled();

  files.look(folder(text('new\n')), 0);
  files.look(folder(old), 1);

  expect(files.look(folder(old), 1_000)).toEqual({ changed: new Map(), nextLookMs: undefined });
});

test.each([
  ['is gone', undefined, partialMs],
  ['is empty', text(''), partialMs],
  ['ends within a line', text('new and longer'), partialMs],
  ['is shorter than before', text('ne\n'), partialMs],
  ['cannot be read', unreadable, unreadableMs],
])('a file that %s waits for longer', (_, content, ms) => {
  const files = settled();

  const first = files.look(folder(content), 0);
  const early = files.look(folder(content), ms - 1);
  const late = files.look(folder(content), ms);

  expect({ first, early }).toEqual({
    first: { changed: new Map(), nextLookMs: ms },
    early: { changed: new Map(), nextLookMs: 1 },
  });
  expect(late.changed).toEqual(new Map([['a.yaml', content]]));
});

test('a file that is gone, empty or unreadable for a moment keeps its text', () => {
  const files = settled();

  for (const content of [undefined, text(''), unreadable]) {
    files.look(folder(content), 0);
    expect(files.look(folder(old), partialMs - 1)).toEqual({ changed: new Map(), nextLookMs: undefined });
  }
});
