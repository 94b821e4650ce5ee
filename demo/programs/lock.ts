// A lock file with the id of the process that holds it; the lock of a dead process does not count. It saves work
// and is not relied upon for safety: whoever holds it must end with an atomic rename. Entries: withLock, tryLock.
import { open, readFile, rm } from 'node:fs/promises';
import { waitFor } from '../process/wait.ts';

const pollMs = 500;

export interface LockOptions {
  /** Called once if another process holds the lock. */
  readonly waiting: (pid: number) => void;
  /** How long to wait for it. */
  readonly deadlineMs: number;
}

export async function withLock(path: string, options: LockOptions, work: () => Promise<void>): Promise<void> {
  const tell = once(options.waiting);
  await waitFor(() => tryLock(path, tell), {
    what: `the lock ${path}`,
    deadlineMs: options.deadlineMs,
    everyMs: pollMs,
    signal: new AbortController().signal,
  });
  try {
    await work();
  } finally {
    await rm(path, { force: true });
  }
}

/**
 * true, or undefined if another process holds it; `held` then gets its id. A dead holder's lock is removed, and the
 * next call can take it.
 */
export async function tryLock(path: string, held: (pid: number) => void): Promise<true | undefined> {
  if (await create(path)) return true;
  const holder = await readHolder(path);
  if (holder === undefined) return undefined;
  if (await isAlive(holder)) held(holder);
  else await rm(path, { force: true });
  return undefined;
}

async function create(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw cause;
  }
}

/** undefined: released in the meantime, or just taken and not yet signed. */
async function readHolder(path: string): Promise<number | undefined> {
  try {
    const pid = Number(await readFile(path, 'utf8'));
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (cause) {
    return codeOf(cause) === 'EPERM';
  }
  // Dead, but not yet buried by its parent; the state follows the name, which is in parentheses.
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/\) [ZX] /.test(stat);
}

/** Not by instanceof: under Jest, errors of Node's own modules are of another realm. */
function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

function once(tell: (pid: number) => void): (pid: number) => void {
  let told = false;
  return (pid) => {
    if (!told) tell(pid);
    told = true;
  };
}
