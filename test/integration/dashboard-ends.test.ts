// However `meshwright dashboard` is ended, the file with the key is gone after it.
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { addressOf, startDashboard } from '../support/dashboard/program.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { poll } from '../support/kubernetes/poll.ts';

const closing = new Closing();
afterAll(() => closing.close());

/** SIGHUP: its terminal is closed. */
test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('by %s', async (signal) => {
  const root = await mkdtemp(join(tmpdir(), 'meshwright-dashboard-'));
  closing.add(() => rm(root, { recursive: true, force: true }));
  const [programs, home] = [join(root, 'programs'), join(root, 'home')];
  await Promise.all([mkdir(programs), mkdir(home)]);
  const scripts = { kubectl: 'echo token', 'xdg-open': 'touch "$HOME/opened"', open: 'touch "$HOME/opened"' };
  await Promise.all(
    Object.entries(scripts).map(([name, script]) =>
      writeFile(join(programs, name), `#!/bin/sh\n${script}\n`, { mode: 0o700 }),
    ),
  );
  const child = startDashboard(['--operator=http://127.0.0.1:1', '--open'], { programs, home });
  closing.add(async () => void child.kill('SIGKILL'));
  await addressOf(child);
  const isOpened = async (): Promise<true | undefined> =>
    (await readdir(home)).includes('opened') || undefined;
  await poll(isOpened, { intervalMs: 20, deadlineMs: 30_000 });
  expect(await readdir(home)).toHaveLength(2);

  const ended = once(child, 'close');
  child.kill(signal);

  expect(await ended).toEqual([0, null]);
  expect(await readdir(home)).toEqual(['opened']);
});
