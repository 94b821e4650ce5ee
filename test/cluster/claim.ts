// Which cluster numbers are taken on this machine: a lock file each, that counts only while its process lives.
// Entries: claim, release, removeLeftovers.
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { tryLock } from '../../demo/programs/lock.ts';
import { removeCgroups } from './cgroups.ts';
import { run } from './command.ts';
import { highestIndex, type Layout, layoutOf } from './layout.ts';

/** Without an index: the first free one from 1, since 0 is the one that `make cluster` uses. */
export async function claim(index?: number): Promise<Layout> {
  await mkdir(dirname(layoutOf(0).stateDir), { recursive: true });
  if (index !== undefined) {
    const layout = layoutOf(index);
    const holder = await take(layout);
    if (holder === undefined) return layout;
    throw new Error(`Cluster ${index} is in use by process ${holder}: stop it, or choose another index.`);
  }
  for (let candidate = 1; candidate <= highestIndex; candidate += 1) {
    const layout = layoutOf(candidate);
    // oxlint-disable-next-line no-await-in-loop -- one is wanted, not all
    if ((await take(layout)) === undefined) return layout;
  }
  throw new Error('All cluster numbers of this machine are in use.');
}

/** Returns the process that has it, or undefined: we have it. */
async function take(layout: Layout): Promise<number | undefined> {
  let holder: number | undefined;
  const held = (pid: number): void => {
    holder = pid;
  };
  // Twice: the first call may find and remove the lock of a dead process.
  const taken = (await tryLock(layout.lockFile, held)) ?? (await tryLock(layout.lockFile, held));
  return taken === true ? undefined : (holder ?? 0);
}

export async function release(layout: Layout): Promise<void> {
  await rm(layout.lockFile, { force: true });
}

/**
 * What a cluster leaves whose process was killed: its processes and mounts are gone, as the pipe has closed, but not
 * the cgroups and the files. Only for who has the claim.
 */
export async function removeLeftovers(layout: Layout): Promise<void> {
  await run(['ip', 'link', 'delete', layout.links.host]);
  await removeCgroups(layout.cgroup);
  await rm(layout.stateDir, { recursive: true, force: true, maxRetries: 5 });
}
