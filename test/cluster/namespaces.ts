// The cluster's own pid, mount, network and ipc namespaces. Entry: createNamespaces. Their first process ends when
// the pipe that this process holds closes, however this process ended; the kernel then takes everything in them away:
// processes, mounts, interfaces, rules. It does not know what runs inside.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { poll } from '../support/kubernetes/poll.ts';
import { must, run } from './command.ts';
import type { Layout } from './layout.ts';

const deadlineMs = 60_000;
const pollMs = 20;

export interface Namespaces {
  /** The command that runs `command` inside. */
  enter(command: readonly string[]): readonly string[];
  /** Kills everything inside and waits until it is gone. */
  destroy(): Promise<void>;
}

/** pausePath: the program of programs/pause, statically linked. */
export async function createNamespaces(layout: Layout, pausePath: string): Promise<Namespaces> {
  // Where they are modules. What is still missing then is told by what fails.
  await run(['modprobe', '--all', 'overlay', 'br_netfilter']);
  const holder = await startHolder(layout, pausePath);
  const destroy = async (): Promise<void> => {
    // Its child, the first process inside, gets SIGKILL with it (--kill-child).
    if (isRunning(holder)) {
      const exited = once(holder, 'exit');
      holder.kill('SIGKILL');
      await exited;
    }
    await run(['ip', 'link', 'delete', layout.links.host]);
  };
  try {
    const init = await firstProcess(holder);
    const enter = (command: readonly string[]): readonly string[] => [
      'nsenter',
      `--target=${init}`,
      '--mount',
      '--pid',
      '--net',
      '--ipc',
      '--',
      ...command,
    ];
    await assertIsolated(init, enter, pausePath);
    await must(enter(['sh', '-euc', mountScript(layout)]));
    await connect(layout, init, enter);
    return { enter, destroy: () => destroyWithInit(init, destroy) };
  } catch (cause) {
    await destroy();
    throw cause;
  }
}

async function startHolder(layout: Layout, pausePath: string): Promise<ChildProcess> {
  const namespaces = ['--fork', '--pid', '--mount', '--net', '--ipc', '--kill-child', '--mount-proc'];
  const log = await open(join(layout.logDir, 'namespaces.log'), 'a');
  const holder = spawn('unshare', [...namespaces, '--', pausePath, '--until-stdin-closes'], {
    stdio: ['pipe', log.fd, log.fd],
    // Not of our process group: Ctrl-C at the terminal is for us to handle.
    detached: true,
  });
  holder.stdin?.on('error', () => undefined);
  try {
    await once(holder, 'spawn');
  } finally {
    await log.close();
  }
  return holder;
}

/** The process id, as this machine counts, of the first process inside: the only child of unshare. */
async function firstProcess(holder: ChildProcess): Promise<number> {
  const find = async (): Promise<number | undefined> => {
    if (!isRunning(holder)) throw new Error('unshare could not make the namespaces: is this root?');
    const path = `/proc/${holder.pid}/task/${holder.pid}/children`;
    const child = Number.parseInt(await readFile(path, 'utf8'), 10);
    return Number.isNaN(child) ? undefined : child;
  };
  return await poll(find, { intervalMs: pollMs, deadlineMs });
}

/** If one of them were still the machine's, what follows would mount, route and kill on the machine. */
async function assertIsolated(
  init: number,
  enter: (command: readonly string[]) => readonly string[],
  pausePath: string,
): Promise<void> {
  const ready = async (): Promise<true | undefined> => {
    const { stdout } = await run(enter(['readlink', '/proc/1/exe']));
    return stdout.trim() === pausePath ? true : undefined;
  };
  await poll(ready, { intervalMs: pollMs, deadlineMs });
  for (const kind of ['pid', 'mnt', 'net', 'ipc']) {
    // oxlint-disable-next-line no-await-in-loop -- four reads of /proc
    const [theirs, ours] = await Promise.all([
      readlink(`/proc/${init}/ns/${kind}`),
      readlink(`/proc/self/ns/${kind}`),
    ]);
    if (theirs === ours) throw new Error(`the cluster would share the ${kind} namespace of this machine`);
  }
}

/**
 * The kubelet and libcni write to some folders that no flag moves. What the kubelet mounts is shared from the start: it would mount its
 * folder on itself otherwise, while its servers already rename sockets in it ("invalid cross-device link", k3s issue 4042).
 */
function mountScript({ dataDir }: Layout): string {
  return [
    'mount -t tmpfs -o mode=755 tmpfs /run',
    'mkdir -p /run/netns /run/lock /run/meshwright',
    `for d in /var/lib/kubelet /var/log/containers /var/lib/cni ${dataDir}; do`,
    '  mkdir -p $d; mount -t tmpfs -o mode=755 tmpfs $d',
    'done',
    `mount --make-rshared ${dataDir}`,
  ].join('\n');
}

/** The pods' bridge inside, and a cable from it to this machine, which thereby is a neighbour of each pod. */
async function connect(
  layout: Layout,
  init: number,
  enter: (command: readonly string[]) => readonly string[],
): Promise<void> {
  const { bridge, host, node } = layout.links;
  await must(['ip', 'link', 'add', host, 'type', 'veth', 'peer', 'name', node, 'netns', String(init)]);
  const inside = [
    'ip link set lo up',
    // With an address of its own: it takes the lowest of its ports' otherwise, and each pod that comes or goes may change it under the
    // connections of the others.
    `ip link add ${bridge} address 02:00:00:00:00:01 type bridge`,
    `ip address add ${layout.nodeAddress}/24 dev ${bridge}`,
    `ip link set ${bridge} up`,
    `ip link set ${node} master ${bridge}`,
    `ip link set ${node} up`,
    // Without a default route processes of the node could not reach service addresses.
    `ip route add default via ${layout.hostAddress}`,
    'echo 1 >/proc/sys/net/ipv4/ip_forward',
    // Replies between pods of one bridge must pass the rules that undo the translation of service addresses.
    'set -- /proc/sys/net/bridge/bridge-nf-call-iptables',
    '[ -e $1 ] || { echo "This kernel lacks br_netfilter: modprobe br_netfilter." >&2; exit 1; }',
    'echo 1 >$1',
  ];
  await must(enter(['sh', '-euc', inside.join('\n')]));
  await must(['ip', 'address', 'add', `${layout.hostAddress}/24`, 'dev', host]);
  await must(['ip', 'link', 'set', host, 'up']);
  await must(['ip', 'route', 'add', layout.serviceRange, 'via', layout.nodeAddress, 'dev', host]);
}

/** unshare is gone at once when killed, its pid namespace only when the kernel has reaped all processes in it. */
async function destroyWithInit(init: number, destroy: () => Promise<void>): Promise<void> {
  const gone = async (): Promise<true | undefined> => {
    const state = await readFile(`/proc/${init}/stat`, 'utf8').catch(() => undefined);
    return state === undefined ? true : undefined;
  };
  await destroy();
  await poll(gone, { intervalMs: pollMs, deadlineMs });
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
