import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { FileRef } from '../../../../../operator/platform/files/folder/file-kinds.ts';
import { hashOf } from '../../../../../operator/values/fingerprint.ts';
import { Ledger, uidOf } from '../../../../../operator/platform/files/state/ledger.ts';
import { createObjectFiles, type Entry } from '../../../../../operator/platform/files/state/object-files.ts';
import { removeTemporaryFolders, temporaryFolder } from '../support.ts';

const ref: FileRef = { kind: 'TrafficPolicy', namespace: 'shop', name: 'reviews' };
const document = { kind: 'TrafficPolicy', metadata: { name: 'reviews', labels: { 1: 'x', a: 'b' } } };
const noon = Date.parse('2026-05-01T12:00:00.345Z');
const note = (ledger: Ledger, hash: string | undefined, now = noon): Entry =>
  ledger.note({ ref, file: 'a.yaml', hash }, now);
const ledgerIn = (folder: string): Ledger => new Ledger(createObjectFiles(folder));

afterEach(removeTemporaryFolders);

test('the generation counts edits, the rest stays', async () => {
  const ledger = ledgerIn(await temporaryFolder());

  const notes = ['one', 'one', 'two', undefined].map((hash, day) =>
    note(ledger, hash, noon + day * 86_400_000),
  );

  expect(notes.map(({ generation }) => generation)).toEqual([1, 1, 2, 2]);
  expect(new Set(notes.map(({ creationTimestamp }) => creationTimestamp))).toEqual(
    new Set(['2026-05-01T12:00:00Z']),
  );
});

test('a uid is the same for one kind, namespace and name everywhere', () => {
  expect(uidOf(ref)).toBe(uidOf({ ...ref }));
  expect(uidOf(ref)).not.toBe(uidOf({ ...ref, name: 'ratings' }));
  expect(uidOf(ref)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('a restart changes nothing: generation, age, last valid version', async () => {
  const folder = await temporaryFolder();
  const before = ledgerIn(folder);
  note(before, 'one');
  before.setValid(ref, document, 'one');
  note(before, 'two');
  before.setForeign(new Map([['a.yaml', ['x']]]));
  await before.save();

  const after = ledgerIn(folder);
  const damaged = await after.load();

  expect(damaged).toEqual([]);
  expect(after.entries()).toEqual(before.entries());
  expect(after.get(ref)).toMatchObject({ generation: 2, valid: { generation: 1, document } });
  expect(after.foreign()).toEqual(new Map([['a.yaml', ['x']]]));
  expect(after.isSaved()).toBe(true);
});

test('an object that was forgotten leaves no file, and starts anew', async () => {
  const folder = await temporaryFolder();
  const ledger = ledgerIn(folder);
  note(ledger, 'one');
  note(ledger, 'two');
  await ledger.save();

  ledger.forget(ref);
  await ledger.save();

  expect(await readdir(folder)).toEqual([]);
  expect(ledger.has(ref)).toBe(false);
  expect(note(ledger, 'two', noon + 1_000)).toMatchObject({
    generation: 1,
    creationTimestamp: '2026-05-01T12:00:01Z',
  });
});

test('a valid version ends what stood in for it', async () => {
  const ledger = ledgerIn(await temporaryFolder());
  note(ledger, 'one');
  ledger.setStandIn(ref, document);

  ledger.setValid(ref, document, 'one');

  expect(ledger.get(ref)).not.toHaveProperty('standIn');
});

test('what could not be written is written the next time', async () => {
  const folder = await temporaryFolder();
  const blocked = join(folder, 'objects');
  await writeFile(blocked, '');
  const ledger = ledgerIn(blocked);
  note(ledger, 'one');

  await expect(ledger.save()).rejects.toThrow(/ENOTDIR|EEXIST/);

  expect(ledger.isSaved()).toBe(false);
});

describe('a file that is damaged is told of, and the others are read', () => {
  const path = (folder: string): string => join(folder, 'TrafficPolicy.shop.reviews.json');

  test.each([
    ['is cut off', (text: string) => text.slice(0, 40), 'it is not what was written.'],
    ['is empty', () => '', 'it is not what was written.'],
    ['says something else', (text: string) => text.replace('"b"', '"c"'), 'its checksum does not hold.'],
    [
      'is of another version',
      (text: string) => text.replace('"version": 1', '"version": 2'),
      'it has version 2, and this operator reads version 1.',
    ],
  ])('because it %s', async (_, spoil, reason) => {
    const folder = await temporaryFolder();
    const before = ledgerIn(folder);
    note(before, 'one');
    before.setValid(ref, document, 'one');
    before.note({ ref: { ...ref, name: 'ratings' }, file: 'a.yaml', hash: 'one' }, noon);
    await before.save();
    await writeFile(path(folder), spoil(await readFile(path(folder), 'utf8')));

    const after = ledgerIn(folder);
    const damaged = await after.load();

    expect(damaged).toEqual([`${path(folder)} is damaged: ${reason}`]);
    expect(after.entries().map((entry) => entry.ref.name)).toEqual(['ratings']);
  });
});

test('what a killed process left half-written is removed', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, '.TrafficPolicy.shop.reviews.json.0123456789ab'), '{');

  const damaged = await ledgerIn(folder).load();

  expect(damaged).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
});

test('hashes do not depend on the order of keys, but on that of lists', () => {
  expect(hashOf({ a: [1, { x: 1, y: 2 }], b: 1 })).toBe(hashOf({ b: 1, a: [1, { y: 2, x: 1 }] }));
  expect(hashOf([1, 2])).not.toBe(hashOf([2, 1]));
  expect(hashOf(undefined)).not.toBe(hashOf({}));
});
