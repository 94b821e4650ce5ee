// ConfigMaps of the operator's own in files: told again after a restart, and damage to one harms no other.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createConfigMapFiles } from '../../../../../operator/platform/files/state/config-map-files.ts';
import type { ObjectSink } from '../../../../../operator/ports/platform.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meshwright-config-maps-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Notes what it is told, a line each. */
function recorder(): { readonly told: string[]; readonly sink: ObjectSink } {
  const told: string[] = [];
  const nothing = (): void => undefined;
  const sink: ObjectSink = {
    upsert: (object) => void told.push(`${object.metadata.name} ${JSON.stringify(object)}`),
    remove: ({ name }) => void told.push(`${name} gone`),
    reject: nothing,
    synced: nothing,
  };
  return { told, sink };
}

test('the sink is told of what is written and deleted, and after a restart of what there is', async () => {
  const first = recorder();
  const files = createConfigMapFiles(join(folder, 'jwks'));
  expect(await files.load(first.sink)).toEqual([]);
  await files.write('a', { 'jwks.json': '1' });
  await files.write('b', { 'jwks.json': '2' });
  await files.remove('b');
  await files.remove('never');

  expect(first.told.map((line) => line.slice(0, 6))).toEqual(['a {"ki', 'b {"ki', 'b gone', 'never ']);
  const second = recorder();
  expect(await createConfigMapFiles(join(folder, 'jwks')).load(second.sink)).toEqual([]);
  expect(second.told).toEqual([first.told[0]]);
});

test('a file that somebody has changed is not used, and the others are', async () => {
  const files = createConfigMapFiles(folder);
  await files.write('a', { 'jwks.json': 'mine' });
  await files.write('b', { 'jwks.json': 'good' });
  const path = join(folder, 'a.json');
  await writeFile(path, (await readFile(path, 'utf8')).replace('mine', 'theirs'));
  const { told, sink } = recorder();

  expect(await files.load(sink)).toEqual([`${path} is damaged: its checksum does not hold.`]);
  expect(told.map((line) => line.slice(0, 1))).toEqual(['b']);
});
