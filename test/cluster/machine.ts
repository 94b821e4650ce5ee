// What the machine must have for a cluster, and what of it can be installed. Entries: machineProblem, missingPackages, installPackages.
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { must } from './command.ts';

/** Program, and the Debian package that has it. */
const tools = {
  unshare: 'util-linux',
  nsenter: 'util-linux',
  flock: 'util-linux',
  ip: 'iproute2',
  iptables: 'iptables',
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
} as const;

const pluginPackage = 'containernetworking-plugins';
const pluginFolders = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni'];
const plugins = ['bridge', 'host-local', 'loopback', 'portmap'];
const installDeadlineMs = 5 * 60_000;

/** Why no cluster can run here whatever is installed, in a sentence; undefined if one can. */
export async function machineProblem(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `A cluster needs Linux, and this is ${process.platform}.`;
  if (process.getuid?.() !== 0) return 'A cluster needs root, for namespaces, bridges and cgroups: use sudo.';
  if (!(await isThere('/sys/fs/cgroup', constants.W_OK))) return 'A cluster needs cgroups in /sys/fs/cgroup.';
  return undefined;
}

/** The Debian packages of the tools that are not here. */
export async function missingPackages(): Promise<string[]> {
  const names = Object.entries(tools);
  const found = await Promise.all(names.map(([program]) => isOnPath(program)));
  const missing = names.filter((_, index) => found[index] !== true).map(([, name]) => name);
  const withPlugins = (await findPluginFolder()) === undefined ? [...missing, pluginPackage] : missing;
  return [...new Set(withPlugins)];
}

export async function canInstall(): Promise<boolean> {
  return await isOnPath('apt-get');
}

export async function installPackages(packages: readonly string[]): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, deadlineMs: installDeadlineMs };
  await must(['apt-get', 'update', '--quiet'], options);
  await must(['apt-get', 'install', '--yes', '--quiet', '--no-install-recommends', ...packages], options);
}

/** Where the network plugins are; undefined if not all of them are in one folder. */
export async function findPluginFolder(): Promise<string | undefined> {
  const complete = await Promise.all(
    pluginFolders.map(async (folder) => {
      const found = await Promise.all(plugins.map((name) => isThere(join(folder, name), constants.X_OK)));
      return found.every(Boolean);
    }),
  );
  return pluginFolders.find((_, index) => complete[index]);
}

async function isOnPath(program: string): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = await Promise.all(folders.map((folder) => isThere(join(folder, program), constants.X_OK)));
  return found.some(Boolean);
}

async function isThere(path: string, mode: number): Promise<boolean> {
  return await access(path, mode).then(
    () => true,
    () => false,
  );
}
