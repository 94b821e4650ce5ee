// Fills a folder with programs, once on each machine, whoever asks first. Entry: buildOnce.
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { missingFrom } from './cache.ts';
import { withLock } from './lock.ts';

export type Say = (line: string) => void;

export interface BuildTarget {
  readonly folder: string;
  /** What must be in it. */
  readonly programs: readonly string[];
  /** Puts them into the folder `out`; `work` is scratch space. */
  readonly fill: (work: string, out: string) => Promise<void>;
}

const lockDeadlineMs = 30 * 60_000;

/** Fills the folder if it is not yet there, one process at a time, and returns it. */
export async function buildOnce({ folder, programs, fill }: BuildTarget, say: Say): Promise<string> {
  if ((await missingFrom(folder, programs)).length === 0) return folder;
  await mkdir(dirname(folder), { recursive: true });
  await withLock(
    `${folder}.lock`,
    { deadlineMs: lockDeadlineMs, waiting: (pid) => say(`process ${pid} is building them, waiting`) },
    async () => {
      if ((await missingFrom(folder, programs)).length > 0) await fillAtomically(folder, fill);
    },
  );
  return folder;
}

async function fillAtomically(folder: string, fill: BuildTarget['fill']): Promise<void> {
  const work = await mkdtemp(`${folder}.building-`);
  try {
    const out = join(work, 'bin');
    await mkdir(out);
    await fill(work, out);
    // Whatever stands there is incomplete, or we would not be here.
    await rm(folder, { recursive: true, force: true });
    await rename(out, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
