// The network plugins of a cluster: those of this machine, one at a time. Entry: writePlugins.
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Those that containerd starts. host-local is started by bridge, which has the lock. */
const started = ['bridge', 'loopback', 'portmap'];

/**
 * Writes them to `folder`. machine: the folder with those of this machine. Kernels (6.18 was seen to) spin for seconds on all CPUs when processes of many threads
 * that look at their own /proc end at the same time, as plugins do when pods start together; containerd, which waits for them, then takes all of a small machine. So
 * each waits for the last one.
 */
export async function writePlugins(folder: string, machine: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await symlink(join(machine, 'host-local'), join(folder, 'host-local'));
  for (const name of started) {
    const path = join(folder, name);
    // oxlint-disable no-await-in-loop -- three files
    await writeFile(path, scriptOf(join(machine, name), join(folder, 'lock')));
    await chmod(path, 0o755);
    // oxlint-enable no-await-in-loop
  }
}

function scriptOf(plugin: string, lock: string): string {
  return `#!/bin/sh
exec 9>>${quoted(lock)}
flock 9
${quoted(plugin)} "$@"
`;
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}
