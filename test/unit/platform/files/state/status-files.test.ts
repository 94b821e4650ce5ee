import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { objectFileName } from '../../../../../operator/platform/files/state/object-files.ts';
import { createStatusFiles } from '../../../../../operator/platform/files/state/status-files.ts';
import type { ObjectStatus } from '../../../../../operator/ports/platform.ts';
import type { ObjectRef } from '../../../../../operator/objects/objects.ts';
import { removeTemporaryFolders, temporaryFolder } from '../support.ts';

const policy: ObjectRef = { kind: 'TrafficPolicy', namespace: 'shop', name: 'reviews' };
const mesh: ObjectRef = { kind: 'Mesh', namespace: '', name: 'default' };
const status: ObjectStatus = {
  conditions: [
    {
      type: 'Programmed',
      status: 'True',
      observedGeneration: 3,
      lastTransitionTime: '2026-05-01T12:00:00Z',
      reason: 'Programmed',
      message: 'All proxies have acknowledged: 3 of 3.',
    },
  ],
  proxies: { programmed: 3, total: 3, summary: '3/3' },
};

afterEach(removeTemporaryFolders);

test('a status is a file that reads like the object, and reads back', async () => {
  const folder = await temporaryFolder();
  const statuses = createStatusFiles(folder, () => true);

  await statuses.write(policy, status);
  await statuses.write(mesh, { conditions: [] });

  expect((await readdir(folder)).toSorted()).toEqual([
    'Mesh.default.yaml',
    'TrafficPolicy.shop.reviews.yaml',
  ]);
  expect(await readFile(join(folder, 'TrafficPolicy.shop.reviews.yaml'), 'utf8')).toBe(
    [
      'apiVersion: meshwright.dev/v1alpha1',
      'kind: TrafficPolicy',
      'metadata:',
      '  namespace: shop',
      '  name: reviews',
      'status:',
      '  conditions:',
      '    - type: Programmed',
      '      status: "True"',
      '      observedGeneration: 3',
      '      lastTransitionTime: 2026-05-01T12:00:00Z',
      '      reason: Programmed',
      '      message: "All proxies have acknowledged: 3 of 3."',
      '  proxies:',
      '    programmed: 3',
      '    total: 3',
      '    summary: 3/3',
      '',
    ].join('\n'),
  );
  expect(await statuses.read(policy)).toEqual(status);
  expect(await statuses.read(mesh)).toEqual({ conditions: [] });
});

test('an object that is gone has no status and gets none', async () => {
  const folder = await temporaryFolder();
  const statuses = createStatusFiles(folder, () => false);

  await statuses.write(policy, status);

  expect(await readdir(folder)).toEqual([]);
  expect(await statuses.read(policy)).toBeUndefined();
});

test('the status of an object that goes while it is written is taken away again', async () => {
  const folder = await temporaryFolder();
  let asked = 0;
  const statuses = createStatusFiles(folder, () => {
    asked += 1;
    return asked === 1;
  });

  await statuses.write(policy, status);

  expect(await readdir(folder)).toEqual([]);
});

test('a write that fails rejects and leaves nothing behind', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'TrafficPolicy.shop.reviews.yaml'));

  await expect(createStatusFiles(folder, () => true).write(policy, status)).rejects.toThrow(
    /EISDIR|ENOTEMPTY|EEXIST/,
  );

  expect(await readdir(folder)).toEqual(['TrafficPolicy.shop.reviews.yaml']);
});

test('a file that holds no status reads as none', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'Mesh.default.yaml'), 'kind: Mesh\n');

  expect(await createStatusFiles(folder, () => true).read(mesh)).toBeUndefined();
});

test('a name that is too long for a file is cut, and objects with the same beginning keep files of their own', async () => {
  const folder = await temporaryFolder();
  const statuses = createStatusFiles(folder, () => true);
  const one: ObjectRef = { ...policy, name: `${'x'.repeat(252)}a` };
  const other: ObjectRef = { ...policy, name: `${'x'.repeat(252)}b` };

  await statuses.write(one, status);
  await statuses.write(other, { conditions: [] });

  expect(await statuses.read(one)).toEqual(status);
  expect(await statuses.read(other)).toEqual({ conditions: [] });
  await statuses.remove(one);
  expect(await readdir(folder)).toEqual([objectFileName(other, '.yaml')]);
});

test('at a start every condition is unknown until it is looked at again, and what is no status goes', async () => {
  const folder = await temporaryFolder();
  const statuses = createStatusFiles(folder, () => true);
  await statuses.write(policy, status);
  await writeFile(join(folder, 'Mesh.default.yaml'), 'kind: Mesh\n');
  await writeFile(join(folder, '.Mesh.default.yaml.0123456789ab'), 'half');

  const wereThere = await statuses.markStale(new Date('2026-05-02T12:00:00.500Z'));

  expect(wereThere).toBe(true);
  expect(await readdir(folder)).toEqual(['TrafficPolicy.shop.reviews.yaml']);
  expect(await statuses.read(policy)).toEqual({
    conditions: [
      {
        type: 'Programmed',
        status: 'Unknown',
        observedGeneration: 3,
        lastTransitionTime: '2026-05-02T12:00:00Z',
        reason: 'Pending',
        message: 'The operator has started and has yet to look at this object. Wait.',
      },
    ],
  });
});

test('the statuses of objects that are no more are removed', async () => {
  const folder = await temporaryFolder();
  await createStatusFiles(folder, () => true).write(policy, status);
  await createStatusFiles(folder, () => true).write(mesh, status);

  await createStatusFiles(folder, ({ kind }) => kind === 'Mesh').removeOrphans();

  expect(await readdir(folder)).toEqual(['Mesh.default.yaml']);
});
