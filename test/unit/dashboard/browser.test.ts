// The address with its key reaches the browser by a file of the user, never by a command line.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { handOver } from '../../../operator/dashboard/local/browser.ts';

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'meshwright-home-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

test('only the user can read the file, its address says nothing, and it is removed', async () => {
  const { page, remove } = await handOver('http://127.0.0.1:4000/?key=secret', home);
  const path = fileURLToPath(page);

  expect(page).not.toContain('secret');
  expect(await readFile(path, 'utf8')).toContain('content="0; url=http://127.0.0.1:4000/?key=secret"');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
  await remove();
  expect(await readdir(home)).toEqual([]);
});
