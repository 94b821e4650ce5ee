// Hands the address with its key to a browser. Every user of this machine can read command lines, so the browser is given a file that only
// its user can read, which leads to the address.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface HandedOver {
  /** file:// */
  readonly page: string;
  readonly remove: () => Promise<void>;
}

/** `home`: of the user, in which browsers may read that see neither hidden files nor those of others' temporary folders. */
export async function handOver(url: string, home: string): Promise<HandedOver> {
  const folder = await mkdtemp(join(home, 'meshwright-dashboard-'));
  const path = join(folder, 'open.html');
  const html = `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=${url}"><title>Meshwright</title>\n`;
  await writeFile(path, html, { mode: 0o600, flag: 'wx' });
  return {
    page: pathToFileURL(path).href,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Rejects if the program cannot be run. */
export async function openPage(page: string): Promise<void> {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(program, [page], { stdio: 'ignore', detached: true });
  child.unref();
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(new Error(`${program} cannot be run.`, { cause })));
  });
}
