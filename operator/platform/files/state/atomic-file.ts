// Writes a file so that a reader sees the old text or the new one, never a part.
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Makes the folder too. Rejects if the file system refuses; nothing is left behind then.
 * isDurable: it outlives a crash of the machine. Default: only one of the process.
 */
export async function writeAtomic(
  path: string,
  text: string,
  { isDurable = false }: { isDurable?: boolean } = {},
): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const draft = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    await writeFile(draft, text, { flush: isDurable });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  if (isDurable) await syncFolder(folder);
}

/** What a process that was killed left half-written. Call it before the first write. */
export async function removeDrafts(folder: string): Promise<void> {
  const names = await namesIn(folder);
  const drafts = names.filter((name) => /^\..+\.[0-9a-f]{12}$/.test(name));
  await Promise.all(drafts.map(async (name) => rm(join(folder, name), { force: true })));
}

/** Names in a folder, sorted; none if there is no folder. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).toSorted();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** A rename is on disk when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Whether a file-system error says that there is no such file or folder. */
export function isAbsent(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
}

/** `ENOENT`, `EEXIST` …; undefined if it is no error of the system. */
export function codeOf(error: unknown): string | undefined {
  const hasCode = typeof error === 'object' && error !== null && 'code' in error;
  return hasCode && typeof error.code === 'string' ? error.code : undefined;
}
