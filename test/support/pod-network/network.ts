// A network of Pods without Kubernetes: each in a network namespace of its own, all on one bridge in another, nothing
// of it on this machine's network. Entries: podNetworkAvailable, startPodNetwork. Linux, root, ip and iptables.
// Namespaces are held by processes that die with the test process, and vanish with them.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  inboundChain,
  interceptionRules,
  outboundChain,
  sidecarUser,
} from '../../../operator/infra/interception.ts';
import { port as fixedPort } from '../../../operator/envoy/resources/names.ts';
import { Closing } from '../data-plane/closing.ts';
import { JoinedSockets } from '../joined-sockets.ts';
import { poll } from '../kubernetes/poll.ts';
import type { ProxyPlace } from '../pod-proxy.ts';
import { type Namespace, startNamespace } from './namespace.ts';
import { type NodePort, openNodePort } from './node-port.ts';

const run = promisify(execFile);

/** The bridge's address, which is the Pods' way out; theirs are of the same /24. */
const gateway = '10.1.0.254';
const xdsPort = 15_012;

/** Every Pod has a second address, `fd00:1::3` beside `10.1.0.3`. */
export function ipv6Of(address: string): string {
  return `fd00:1::${address.split('.').at(-1)}`;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface NetworkPod {
  /** Where its sidecar is to run. */
  readonly place: ProxyPlace;
  /** Redirects its connections through a sidecar, by the project's own rules. */
  intercept(): Promise<void>;
  startApplication(name: string, port: number): Promise<void>;
  /** Starts one of the programs in this folder; resolves, when it says that it listens, to a reader of all that it has said. */
  startProgram(file: string, args: readonly string[]): Promise<() => Promise<string>>;
  /** Runs one of the programs in this folder to its end, and resolves to what it says. */
  runProgram(file: string, args: readonly string[]): Promise<string>;
  /** Calls by its application, one after the other. */
  call(host: string, port: number, options?: CallOptions): Promise<readonly Answer[]>;
  /** Counts packets that come over its cable for a port with this text in plain sight, from now on. */
  watchFor(text: string, port: number): Promise<() => Promise<number>>;
}

export interface NetworkNode {
  /** As Pods know it. */
  readonly address: string;
  /** Calls by a process of the node, such as the kubelet is. */
  call: NetworkPod['call'];
  openPort(port: NodePort): Promise<void>;
}

export interface CallOptions {
  readonly path?: string;
  readonly count?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface NameServer {
  readonly address: string;
  /** Every name that it was asked for so far. */
  asked(): Promise<readonly string[]>;
}

export interface PodNetwork {
  /** Where Pods find what listens on a port of this machine's loopback address. */
  relayTo(port: number): Promise<{ readonly address: string; readonly port: number }>;
  addPod(address: string): Promise<NetworkPod>;
  readonly node: NetworkNode;
  /** A DNS server for Pods: the file says name → addresses, as JSON, and is read for each question. */
  startNames(file: string): Promise<NameServer>;
  stop(): Promise<void>;
}

/** Whether startPodNetwork can work here; the reason is a sentence for the person who runs the tests. */
export async function podNetworkAvailable(): Promise<
  { available: true } | { available: false; reason: string }
> {
  const no = (reason: string): { available: false; reason: string } => ({ available: false, reason });
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return no('Network namespaces need Linux and root: run the tests as root.');
  for (const command of [
    ['ip', '-V'],
    ['iptables', '--version'],
    ['nsenter', '--version'],
    ['setpriv', '--version'],
  ]) {
    const [program = '', ...args] = command;
    try {
      // oxlint-disable-next-line no-await-in-loop -- the first one that is missing is enough
      await run(program, args);
    } catch {
      return no(`The program ${program} is missing: install it (packages iproute2, iptables, util-linux).`);
    }
  }
  return { available: true };
}

export async function startPodNetwork(): Promise<PodNetwork> {
  const closing = new Closing();
  const dir = await mkdtemp(join(tmpdir(), 'meshwright-network-'));
  closing.add(() => rm(dir, { recursive: true, force: true }));
  const node = await startNamespace(join(dir, 'node.log'), closing);
  await node.run('ip', 'link', 'set', 'lo', 'up');
  // With an address of its own: a bridge takes the lowest of its ports' otherwise, and each Pod that comes may change it under the
  // connections of the others.
  await node.run('ip', 'link', 'add', 'pods', 'address', '02:00:00:00:00:01', 'type', 'bridge');
  await node.run('ip', 'address', 'add', `${gateway}/24`, 'dev', 'pods');
  await node.run('ip', 'address', 'add', `${ipv6Of(gateway)}/64`, 'dev', 'pods', 'nodad');
  await node.run('ip', 'link', 'set', 'pods', 'up');
  return {
    relayTo: (port) => startRelay(node, { dir, port, closing }),
    addPod: (address) => addPod(node, { dir, address, closing }),
    node: {
      address: gateway,
      call: (...called) => callFrom(node, ...called),
      openPort: (port) => openNodePort(node, port),
    },
    startNames: async (file) => {
      const log = join(dir, 'names');
      await startScript(node, 'names.ts', [gateway, file], log);
      return { address: gateway, asked: async () => linesAfter('asked ', await readFile(log, 'utf8')) };
    },
    stop: () => closing.close(),
  };
}

interface Where {
  readonly dir: string;
  readonly closing: Closing;
}

async function addPod(
  node: Namespace,
  { dir, address, closing }: Where & { address: string },
): Promise<NetworkPod> {
  const pod = await startNamespace(join(dir, `${address}.log`), closing);
  const cable = `pod${address.split('.').at(-1)}`;
  await node.run(
    'ip',
    'link',
    'add',
    cable,
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    'netns',
    String(pod.pid),
  );
  await node.run('ip', 'link', 'set', cable, 'master', 'pods', 'up');
  await pod.run('ip', 'link', 'set', 'lo', 'up');
  await pod.run('ip', 'address', 'add', `${address}/24`, 'dev', 'eth0');
  // Usable at once: nobody else has it.
  await pod.run('ip', 'address', 'add', `${ipv6Of(address)}/64`, 'dev', 'eth0', 'nodad');
  await pod.run('ip', 'link', 'set', 'eth0', 'up');
  await pod.run('ip', 'route', 'add', 'default', 'via', gateway);
  await pod.run('ip', '-6', 'route', 'add', 'default', 'via', ipv6Of(gateway));
  let programs = 0;
  return {
    place: { inside: [...pod.inside, ...asSidecarUser], user: sidecarUser },
    intercept: () => intercept(pod),
    startApplication: (name, port) =>
      startScript(pod, 'app.ts', [name, String(port)], join(dir, `${address}.app`)),
    startProgram: async (file, args) => {
      programs += 1;
      const log = join(dir, `${address}.program-${programs}`);
      await startScript(pod, file, args, log);
      return () => readFile(log, 'utf8');
    },
    runProgram: (file, args) => pod.run(process.execPath, script(file), ...args),
    call: (...called) => callFrom(pod, ...called),
    watchFor: (text, port) => watchFor(pod, text, port),
  };
}

async function callFrom(
  where: Namespace,
  ...[host, port, { path = '/', count = 1, headers = {} } = {}]: Parameters<NetworkPod['call']>
): Promise<readonly Answer[]> {
  const args = [host, String(port), path, String(count), JSON.stringify(headers)];
  return JSON.parse(await where.run(process.execPath, script('caller.ts'), ...args)) as readonly Answer[];
}

/** With the right to look into folders of ours: the Envoy binary lies in the cache of whoever runs the tests. */
const asSidecarUser = [
  'setpriv',
  `--reuid=${sidecarUser}`,
  `--regid=${sidecarUser}`,
  '--clear-groups',
  '--inh-caps=+dac_read_search',
  '--ambient-caps=+dac_read_search',
];

async function intercept(pod: Namespace): Promise<void> {
  await interceptFamily(pod, 4, 'iptables');
  await interceptFamily(pod, 6, 'ip6tables');
}

async function interceptFamily(pod: Namespace, family: 4 | 6, program: string): Promise<void> {
  const rules = interceptionRules(family, {
    excludeInboundPorts: [],
    excludeOutboundPorts: [],
    excludeOutboundCidrs: [],
    ports: fixedPort,
  });
  await pod.run('sh', '-c', `printf '%s' "$1" | ${program}-restore --noflush`, 'sh', rules);
  for (const [from, to] of [
    ['PREROUTING', inboundChain],
    ['OUTPUT', outboundChain],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- they share a lock
    await pod.run(program, '-t', 'nat', '-A', from, '-p', 'tcp', '-j', to);
  }
}

async function watchFor(pod: Namespace, text: string, port: number): Promise<() => Promise<number>> {
  const match = [
    '-i',
    'eth0',
    '-p',
    'tcp',
    '--dport',
    String(port),
    '-m',
    'string',
    '--algo',
    'bm',
    '--string',
    text,
  ];
  await pod.run('iptables', '-t', 'mangle', '-A', 'PREROUTING', ...match, '-m', 'comment', '--comment', text);
  return async () => {
    const list = await pod.run('iptables', '-t', 'mangle', '-L', 'PREROUTING', '-v', '-n', '-x');
    const line = list.split('\n').find((each) => each.includes(`/* ${text} */`));
    return Number(line?.trim().split(/\s+/)[0]);
  };
}

/** Gives Pods a way to a port of this machine: through a Unix socket, which every namespace sees. */
async function startRelay(
  node: Namespace,
  { dir, port, closing }: Where & { port: number },
): Promise<{ address: string; port: number }> {
  const path = join(dir, 'relay.socket');
  const sockets = new JoinedSockets();
  const server = createServer((inner) => {
    sockets.join(inner, connect(port, '127.0.0.1'));
  }).listen(path);
  await once(server, 'listening');
  closing.add(async () => {
    const closed = once(server, 'close');
    server.close();
    sockets.destroy();
    await closed;
  });
  await startScript(node, 'relay.ts', [gateway, String(xdsPort), path], join(dir, 'relay'));
  return { address: gateway, port: xdsPort };
}

/** Starts one of the programs beside this file; resolves when it says that it listens. */
async function startScript(
  where: Namespace,
  file: string,
  args: readonly string[],
  logFile: string,
): Promise<void> {
  const child = await where.start([process.execPath, script(file), ...args], logFile);
  await poll(
    async () => {
      if (!child.running()) throw new Error(`${file} has ended: ${await child.tail()}`);
      return (await readFile(logFile, 'utf8')).includes('listening') ? true : undefined;
    },
    { intervalMs: 20, deadlineMs: 60_000 },
  );
}

function linesAfter(start: string, log: string): readonly string[] {
  return log.split('\n').flatMap((line) => (line.startsWith(start) ? [line.slice(start.length)] : []));
}

function script(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}
