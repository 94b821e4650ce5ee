// Secrets of clients as files: told to the sink when they come, change and go.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type StoredObject, refKey, type ObjectRef } from '../../../../../operator/objects/objects.ts';
import { LoginSecrets } from '../../../../../operator/platform/files/state/login-secrets.ts';
import { createSecretFolders } from '../../../../../operator/platform/files/state/secret-folders.ts';
import type { Log } from '../../../../../operator/process/log.ts';
import type { ObjectSink } from '../../../../../operator/ports/platform.ts';

let root: string;
let told: string[];
let logged: unknown[];
const log = { error: ({ problem }: { problem?: unknown }) => void logged.push(problem) } as unknown as Pick<
  Log,
  'error'
>;
const sink = {
  upsert: (object: StoredObject) => {
    if (object.kind !== 'Secret') throw new Error('no Secret');
    const texts = Object.entries(object.data).map(([key, value]) => `${key}=${value.reveal()}`);
    told.push(`${object.metadata.namespace}/${object.metadata.name} ${texts.join()}`);
    expect(JSON.stringify(object)).not.toContain('what-nobody-sees');
  },
  remove: (ref: ObjectRef) => {
    told.push(`no ${refKey(ref)}`);
  },
} as unknown as ObjectSink;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'meshwright-logins-'));
  told = [];
  logged = [];
});
afterEach(() => rm(root, { recursive: true }));

test('only those of one name are told, with their changes', async () => {
  const logins = new LoginSecrets(join(root, 'secrets'), createSecretFolders(join(root, 'secrets')), log);
  await logins.look(sink);
  const folder = join(root, 'secrets', 'shop', 'meshwright-login');
  await mkdir(folder, { recursive: true });
  await mkdir(join(root, 'secrets', 'shop', 'meshwright-identity-reviews'));
  await writeFile(join(folder, 'client-secret'), 'what-nobody-sees');
  await logins.look(sink);
  await writeFile(join(folder, 'client-secret'), 'what-nobody-sees-2');
  await logins.look(sink);
  await rm(folder, { recursive: true });
  await logins.look(sink);

  expect(told).toEqual([
    'shop/meshwright-login client-secret=what-nobody-sees',
    'shop/meshwright-login client-secret=what-nobody-sees-2',
    'no Secret/shop/meshwright-login',
  ]);
});

test('what cannot be read is told, and stays', async () => {
  const secrets = {
    readBrought: (): Promise<never> => Promise.reject(new Error('EACCES')),
  };
  await mkdir(join(root, 'shop', 'meshwright-login'), { recursive: true });
  await writeFile(join(root, 'shop', 'meshwright-login', 'a'), 'what-nobody-sees');
  const logins = new LoginSecrets(root, createSecretFolders(root), log);
  await logins.look(sink);
  const broken = new LoginSecrets(root, secrets, log);

  await broken.look(sink);
  await broken.look(sink);
  expect(logged).toEqual(['Secret shop/meshwright-login cannot be read: EACCES']);
  expect(told).toHaveLength(1);
});
