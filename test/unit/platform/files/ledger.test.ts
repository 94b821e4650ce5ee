import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { hashOf, Ledger } from '../../../../operator/platform/files/ledger.ts';
import type { FileRef } from '../../../../operator/platform/files/documents.ts';
import { rememberingLog } from '../../certificates/support.ts';
import { removeTemporaryFolders, temporaryFolder } from './support.ts';

const ref: FileRef = { kind: 'TrafficPolicy', namespace: 'shop', name: 'reviews' };
const noon = Date.parse('2026-05-01T12:00:00.345Z');
const note = (ledger: Ledger, spec: unknown, now = noon): ReturnType<Ledger['note']> =>
  ledger.note({ ref, file: 'a.yaml', spec }, now);

afterEach(removeTemporaryFolders);

test('the generation counts changes of the spec, the rest stays', async () => {
  const ledger = new Ledger(join(await temporaryFolder(), 'objects.json'), rememberingLog().log);

  const notes = [{ a: 1, b: 2 }, { b: 2, a: 1 }, { a: 2 }].map((spec, day) =>
    note(ledger, spec, noon + day * 86_400_000),
  );

  const constant = { uid: notes[0]?.uid, creationTimestamp: '2026-05-01T12:00:00Z' };
  expect(notes).toEqual([1, 1, 2].map((generation) => Object.assign({ generation }, constant)));
  expect(constant.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('a restart changes nothing', async () => {
  const path = join(await temporaryFolder(), 'objects.json');
  const before = new Ledger(path, rememberingLog().log);
  note(before, { a: 1 });
  const noted = note(before, { a: 2 });
  await before.save();

  const after = new Ledger(path, rememberingLog().log);
  await after.load();

  expect(note(after, { a: 2 }, noon + 86_400_000)).toEqual(noted);
  expect(after.has(ref)).toBe(true);
});

test('an object that was forgotten starts anew', async () => {
  const ledger = new Ledger(join(await temporaryFolder(), 'objects.json'), rememberingLog().log);
  note(ledger, { a: 1 });
  note(ledger, { a: 2 });

  ledger.forget(ref);

  expect(ledger.has(ref)).toBe(false);
  expect(note(ledger, { a: 2 }, noon + 1_000)).toMatchObject({
    generation: 1,
    creationTimestamp: '2026-05-01T12:00:01Z',
  });
});

test('a file that cannot be read is warned of and does not stop the start', async () => {
  const path = join(await temporaryFolder(), 'objects.json');
  await writeFile(path, '{"half');
  const { log, lines } = rememberingLog();
  const ledger = new Ledger(path, log);

  await ledger.load();

  expect(ledger.refs()).toEqual([]);
  expect(lines.map(({ level }) => level)).toEqual(['warn']);
});

test('hashes do not depend on the order of keys, but on that of lists', () => {
  expect(hashOf({ a: [1, { x: 1, y: 2 }], b: 1 })).toBe(hashOf({ b: 1, a: [1, { y: 2, x: 1 }] }));
  expect(hashOf([1, 2])).not.toBe(hashOf([2, 1]));
  expect(hashOf(undefined)).not.toBe(hashOf({}));
});
