import { lstat, mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { createSecretFolders } from '../../../../../operator/platform/files/state/secret-folders.ts';
import type { SecretPort } from '../../../../../operator/ports/platform.ts';
import { removeTemporaryFolders, temporaryFolder } from '../support.ts';

const first = { 'tls.crt': 'certificate 1', 'tls.key': 'key 1', 'ca.crt': 'roots' };
const second = { 'tls.crt': 'certificate 2', 'tls.key': 'key 2', 'ca.crt': 'roots' };

async function folders(): Promise<{ secrets: SecretPort; root: string; folder: string }> {
  const root = await temporaryFolder();
  return { secrets: createSecretFolders(root), root, folder: join(root, 'shop', 'meshwright-reviews') };
}

async function write(secrets: SecretPort, data: Record<string, string>): Promise<void> {
  await secrets.write('shop', 'meshwright-reviews', data, {});
}

afterEach(removeTemporaryFolders);

test('a secret that is not there reads as undefined', async () => {
  const { secrets } = await folders();

  expect(await secrets.read('shop', 'meshwright-reviews')).toBeUndefined();
});

test('a secret reads as it was written, also after it was replaced by fewer files', async () => {
  const { secrets } = await folders();

  await write(secrets, first);
  const before = await secrets.read('shop', 'meshwright-reviews');
  await write(secrets, { 'tls.crt': 'alone' });

  expect(before).toEqual(first);
  expect(await secrets.read('shop', 'meshwright-reviews')).toEqual({ 'tls.crt': 'alone' });
});

test('the folder is laid out like a volume of the kubelet, and only its owner reads keys', async () => {
  const { secrets, folder } = await folders();

  await write(secrets, first);
  await write(secrets, second);

  const data = await readlink(join(folder, '..data'));
  expect((await readdir(folder)).toSorted()).toEqual(
    ['..data', data, 'ca.crt', 'tls.crt', 'tls.key'].toSorted(),
  );
  expect(data).toMatch(/^\.\.\d{4}_\d{2}_\d{2}_/);
  expect(await readlink(join(folder, 'tls.key'))).toBe('..data/tls.key');
  expect(await readFile(join(folder, 'tls.crt'), 'utf8')).toBe('certificate 2');
  const modes = await Promise.all(
    ['.', data, `${data}/tls.key`].map(async (path) => (await stat(join(folder, path))).mode & 0o777),
  );
  expect(modes.map((mode) => mode.toString(8))).toEqual(['700', '700', '600']);
});

test('of many that race to create a secret one wins, and the rest see what it wrote', async () => {
  const { secrets, root } = await folders();
  const racers = [secrets, createSecretFolders(root), createSecretFolders(root)];

  const results = await Promise.all(
    racers.map(async (racer, n) => racer.create('shop', 'meshwright-reviews', { 'tls.crt': `of ${n}` }, {})),
  );

  expect(results.toSorted()).toEqual(['created', 'exists', 'exists']);
  expect(await secrets.read('shop', 'meshwright-reviews')).toEqual({
    'tls.crt': `of ${results.indexOf('created')}`,
  });
  expect(await readdir(join(root, 'shop'))).toEqual(['meshwright-reviews']);
});

test('of many that race to replace a secret one wins, and who knows an older one changes nothing', async () => {
  const { secrets } = await folders();
  const before = { 'tls.crt': 'old' };
  await secrets.write('shop', 'meshwright-reviews', before, {});
  const changes = [1, 2, 3].map((n) => ({
    before,
    data: { 'tls.crt': `new ${n}`, 'b.key': 'b' },
    labels: {},
  }));

  const results = await Promise.all(
    changes.map(async (change) => secrets.replace('shop', 'meshwright-reviews', change)),
  );

  expect(results.toSorted()).toEqual(['changed', 'changed', 'replaced']);
  expect(await secrets.read('shop', 'meshwright-reviews')).toEqual(
    changes[results.indexOf('replaced')]?.data,
  );
  expect(await secrets.replace('shop', 'nobody', { before, data: before, labels: {} })).toBe('changed');
});

test('create takes an empty folder for none', async () => {
  const { secrets, folder } = await folders();
  await mkdir(folder, { recursive: true });

  expect(await secrets.create('shop', 'meshwright-reviews', first, {})).toBe('created');
});

test('a reader sees all files of one version, never a mixture', async () => {
  const { secrets } = await folders();
  await write(secrets, first);
  const versions = Array.from({ length: 20 }, (_, n) => ({
    'tls.crt': `certificate ${n}`,
    'tls.key': `key ${n}`,
  }));

  const writes = Promise.all(versions.map(async (data) => write(secrets, data)));
  const reads = await Promise.all(versions.map(async () => secrets.read('shop', 'meshwright-reviews')));
  await writes;

  const torn = reads.filter((data) => data?.['tls.crt']?.split(' ')[1] !== data?.['tls.key']?.split(' ')[1]);
  expect(torn).toEqual([]);
});

test('a file that a person put in the place of a link is read, and replaced by the next write', async () => {
  const { secrets, folder } = await folders();
  await write(secrets, first);
  await rm(join(folder, 'tls.crt'));
  await writeFile(join(folder, 'tls.crt'), 'restored');

  const repaired = await secrets.read('shop', 'meshwright-reviews');
  await write(secrets, second);

  expect(repaired).toEqual({ ...first, 'tls.crt': 'restored' });
  expect(await secrets.read('shop', 'meshwright-reviews')).toEqual(second);
  expect((await lstat(join(folder, 'tls.crt'))).isSymbolicLink()).toBe(true);
});

test('what others keep beside the links is not of the secret, and stays', async () => {
  const { secrets, folder } = await folders();
  await write(secrets, first);
  await writeFile(join(folder, 'sds.json'), '{}');

  await write(secrets, second);

  expect(await secrets.read('shop', 'meshwright-reviews')).toEqual(second);
  expect(await readFile(join(folder, 'sds.json'), 'utf8')).toBe('{}');
});

test.each(['..', '../outside', 'a/b', '', '.hidden'])('%j is refused as a name', async (name) => {
  const { secrets } = await folders();

  await expect(secrets.write('shop', name, first, {})).rejects.toThrow('not a name for a secret or its file');
});
