// The cgroups below which the kubelet puts those of the pods: one in each hierarchy of version 1, or the one of
// version 2. Entries: createCgroups, removeCgroups.
import { access, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { poll } from '../support/kubernetes/poll.ts';

const root = '/sys/fs/cgroup';
const removeDeadlineMs = 60_000;
/**
 * Of all pods together, where a process or session beside them has 1,024: on a node they have that for each CPU, and fewer neighbours than the control plane and
 * the tests are. With less, sidecars wait for seconds while pods start.
 */
const podShares = 10_240;
/** In version 2, 100 is what 1,024 is in version 1. */
const sharesOfWeight = 10.24;
/** What the kubelet wants to be delegated in version 2. */
const controllers = ['cpuset', 'cpu', 'io', 'memory', 'pids'];

export async function createCgroups(name: string): Promise<void> {
  if (await exists(join(root, 'cgroup.controllers'))) {
    await createVersion2(name);
    return;
  }
  await Promise.all((await hierarchies()).map((path) => mkdir(join(path, name), { recursive: true })));
  await writeFile(join(root, 'cpu', name, 'cpu.shares'), String(podShares));
  // A new cpuset is empty, and nothing could run in it.
  await Promise.all(
    ['cpuset.cpus', 'cpuset.mems'].map(async (file) =>
      writeFile(join(root, 'cpuset', name, file), await readFile(join(root, 'cpuset', file))),
    ),
  );
}

async function createVersion2(name: string): Promise<void> {
  const [offered, enabled] = await Promise.all(
    ['cgroup.controllers', 'cgroup.subtree_control'].map(async (file) =>
      (await readFile(join(root, file), 'utf8')).trim().split(' '),
    ),
  );
  const missing = controllers.filter((each) => offered?.includes(each) && !enabled?.includes(each));
  if (missing.length > 0) {
    await writeFile(join(root, 'cgroup.subtree_control'), missing.map((each) => `+${each}`).join(' '));
  }
  await mkdir(join(root, name), { recursive: true });
  await writeFile(join(root, name, 'cpu.weight'), String(podShares / sharesOfWeight));
}

/** After all processes in them were killed; it takes the kernel a moment to let go. */
export async function removeCgroups(name: string): Promise<void> {
  const paths = [root, ...(await hierarchies())].map((path) => join(path, name));
  const gone = async (): Promise<true | undefined> => {
    const removed = await Promise.all(paths.map(removeTree));
    return removed.every(Boolean) ? true : undefined;
  };
  await poll(gone, { intervalMs: 50, deadlineMs: removeDeadlineMs });
}

/** Folders of a cgroup file system go by rmdir, leaves first, their files with them. true: it is gone. */
async function removeTree(path: string): Promise<boolean> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory());
    await Promise.all(folders.map((folder) => removeTree(join(path, folder.name))));
    await rmdir(path);
    return true;
  } catch {
    return !(await exists(path));
  }
}

/** The mount points of version 1 (and `unified`); symbolic links among them are second names. */
async function hierarchies(): Promise<string[]> {
  if (await exists(join(root, 'cgroup.controllers'))) return [];
  const entries = await readdir(root, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(root, entry.name));
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
