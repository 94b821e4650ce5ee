// Where programs that were fetched or built are kept, and what is on this machine already.
import { spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** `$XDG_CACHE_HOME/meshwright/<name>`, by default under `~/.cache`. */
export function cacheFolder(name: string): string {
  // oxlint-disable-next-line node/no-process-env -- where files are cached is a setting of the user's shell
  const home = process.env['XDG_CACHE_HOME'] ?? '';
  return join(home === '' ? join(homedir(), '.cache') : home, 'meshwright', name);
}

/** Which of the programs are not in a folder as executables. */
export async function missingFrom(folder: string, programs: readonly string[]): Promise<string[]> {
  const present = await Promise.all(programs.map((name) => isExecutable(join(folder, name))));
  return programs.filter((_, index) => present[index] !== true);
}

export function isOnPath(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}

export function hasGo(): boolean {
  return spawnSync('go', ['version'], { stdio: 'ignore' }).status === 0;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
