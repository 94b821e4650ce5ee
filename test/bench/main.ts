// `make bench`: the scenarios against a server process of its own, clients in another, each pinned to a core.
// `make bench ARGS="--s 1,2 --n 1000 --m 1000"`. Prints a table; commits nothing.
import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { parseArgs } from 'node:util';
import type {
  ClientCommand,
  Collected,
  Ready,
  ServerCommand,
  ServerOptions,
  ServerUsage,
} from './protocol.ts';
import { monotonicMs } from './protocol.ts';
import { typeUrl } from '../../operator/xds/proto/type-urls.ts';

const { values } = parseArgs({
  options: {
    s: { type: 'string', default: '1,2,3,4,5' },
    n: { type: 'string', default: '1000' },
    m: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '20' },
    plain: { type: 'boolean', default: false },
    /** A folder for a CPU profile of the server. */
    profile: { type: 'string' },
  },
});
const endpoints = 10;
const hasTaskset = spawnSync('taskset', ['--version']).status === 0;

function child(
  file: string,
  args: readonly string[],
  core: number,
  nodeArgs: readonly string[] = [],
): ChildProcess {
  const program = new URL(file, import.meta.url).pathname;
  const execPath = hasTaskset ? 'taskset' : process.execPath;
  const execArgv = hasTaskset ? ['-c', String(core), process.execPath, ...nodeArgs] : [...nodeArgs];
  return fork(program, args, { execPath, execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

function ask<T>(of: ChildProcess, command: ServerCommand | ClientCommand | null): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`a benchmark process ended with ${code}`));
    of.once('exit', ended);
    of.once('message', (answer) => {
      of.off('exit', ended);
      resolve(answer as T);
    });
    if (command !== null) of.send(command);
  });
}

class World {
  readonly server: ChildProcess;
  client: ChildProcess | null = null;
  ready: Ready | null = null;
  readonly options: ServerOptions;

  constructor(options: ServerOptions) {
    this.options = options;
    const profile = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
    this.server = child('./server.ts', [JSON.stringify(options)], 0, ['--expose-gc', ...profile]);
  }

  async start(keepVersions: boolean): Promise<void> {
    this.ready = await ask<Ready>(this.server, null);
    const clientOptions = { proxies: this.options.proxies, endpoints, ready: this.ready };
    const args = [JSON.stringify(clientOptions), ...(keepVersions ? ['keep-versions'] : [])];
    const profile =
      values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}/client`];
    this.client = child('./client.ts', args, 1, profile);
    await ask(this.client, null);
  }

  tell(command: ClientCommand): void {
    this.client?.send(command);
  }

  collect(): Promise<Collected> {
    if (this.client === null) throw new Error('no client');
    return ask<Collected>(this.client, { type: 'collect' });
  }

  usage(): Promise<ServerUsage> {
    return ask<ServerUsage>(this.server, { type: 'usage' });
  }

  async event(command: ServerCommand): Promise<number> {
    return (await ask<{ atMs: number }>(this.server, command)).atMs;
  }

  /** Polls until all proxies are complete and nothing has arrived for a while. */
  async complete(deadlineMs: number): Promise<Collected> {
    const until = monotonicMs() + deadlineMs;
    for (;;) {
      const now = await this.collect();
      if (now.completeAtMs > 0 || monotonicMs() > until) return now;
      await pause(100);
    }
  }

  async quiet(ms: number): Promise<Collected> {
    let last = await this.collect();
    for (;;) {
      await pause(ms);
      const now = await this.collect();
      if (now.messages === last.messages) return now;
      last = now;
    }
  }

  end(): void {
    this.client?.disconnect();
    this.server.disconnect();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function quantile(values_: readonly number[], q: number): number {
  const sorted = values_.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

function show(label: string, figures: Readonly<Record<string, number | string>>): void {
  const text = Object.entries(figures).map(
    ([name, value]) => `${name}=${typeof value === 'number' ? Number(value.toPrecision(4)) : value}`,
  );
  process.stdout.write(`${label.padEnd(28)} ${text.join('  ')}\n`);
}

async function coldStart(world: World): Promise<void> {
  await world.event({ type: 'collect-garbage' });
  const before = await world.usage();
  const start = monotonicMs();
  world.tell({ type: 'connect' });
  const done = await world.complete(120_000);
  await world.quiet(200);
  const after = await world.usage();
  const bytes = (await world.collect()).bytes;
  await world.event({ type: 'collect-garbage' });
  await pause(300);
  const rest = await world.usage();
  const n = world.options.proxies;
  show('S1 cold start', {
    complete: `${done.complete}/${n}`,
    seconds: (done.completeAtMs - start) / 1000,
    'GB sent': bytes / 1e9,
    'cpu s': (after.cpuMs - before.cpuMs) / 1000,
    'cpu s/GB': (after.cpuMs - before.cpuMs) / 1000 / (bytes / 1e9),
    'base MB': before.rssMb,
    'peak MB': after.peakRssMb,
    'after MB': rest.rssMb,
    'heap MB': rest.heapMb,
    'external MB': rest.externalMb,
    'KB/proxy': ((rest.rssMb - before.rssMb) * 1024) / n,
    'loop p99 ms': after.loopP99Ms,
    'loop max ms': after.loopMaxMs,
  });
}

async function edits(world: World, label: string, command: (round: number) => ServerCommand): Promise<void> {
  const rounds = Number(values.rounds);
  const all: number[] = [];
  const lasts: number[] = [];
  let bytes = 0;
  let slowest = 200;
  const before = await world.usage();
  for (let round = 0; round < rounds; round += 1) {
    world.tell({ type: 'mark' });
    const at = await world.event(command(round));
    const { arrivals, bytes: sent } = await world.quiet(Math.max(150, 3 * slowest));
    const delays = arrivals.map(([, atMs]) => atMs - at);
    all.push(...delays);
    const last = Math.max(...delays);
    slowest = Math.max(slowest, last);
    lasts.push(last);
    bytes += sent;
  }
  const after = await world.usage();
  const n = world.options.proxies;
  show(label, {
    'p50 ms': quantile(all, 0.5),
    'p99 ms': quantile(all, 0.99),
    'last p50': quantile(lasts, 0.5),
    'last max': quantile(lasts, 1),
    'bytes/proxy': bytes / rounds / n,
    'msgs/proxy': all.length / rounds / n,
    'cpu ms/edit': (after.cpuMs - before.cpuMs) / rounds,
    'loop p99 ms': after.loopP99Ms,
    'loop max ms': after.loopMaxMs,
  });
}

async function churn(world: World): Promise<void> {
  const ms = 30_000;
  await world.usage();
  const before = await world.usage();
  world.tell({ type: 'mark' });
  const at = await world.event({ type: 'churn', perSecond: 50, ms });
  await pause(ms);
  const busy = await world.usage();
  const { arrivals, bytes } = await world.quiet(300);
  const end = Math.max(...arrivals.map(([, atMs]) => atMs)) - at;
  show('S4 churn 50/s for 30 s', {
    'core %': ((busy.cpuMs - before.cpuMs) / ms) * 100,
    'last after end ms': end - ms,
    'msgs/proxy': arrivals.length / world.options.proxies,
    'MB sent': bytes / 1e6,
    'loop p99 ms': busy.loopP99Ms,
    'loop max ms': busy.loopMaxMs,
  });
}

async function reconnect(world: World): Promise<void> {
  world.tell({ type: 'mark' });
  const before = await world.usage();
  const start = monotonicMs();
  world.tell({ type: 'reconnect' });
  const done = await world.complete(60_000);
  const { bytes } = await world.quiet(300);
  const after = await world.usage();
  show('S5 reconnect', {
    complete: `${done.complete}/${world.options.proxies}`,
    seconds: (done.completeAtMs - start) / 1000,
    'bytes/proxy': bytes / world.options.proxies,
    'cpu s': (after.cpuMs - before.cpuMs) / 1000,
    'loop p99 ms': after.loopP99Ms,
    'loop max ms': after.loopMaxMs,
  });
}

async function slowReaders(world: World): Promise<void> {
  const count = Math.floor(world.options.proxies / 10);
  world.tell({ type: 'pause', count, paused: true });
  await edits(world, 'S6 10 % do not read', (round) => ({
    type: 'endpoint',
    service: round % world.options.services,
  }));
  const { rssMb } = await world.usage();
  show('S6 memory', { MB: rssMb });
  world.tell({ type: 'pause', count, paused: false });
  await world.quiet(300);
}

async function refusals(world: World): Promise<void> {
  world.tell({ type: 'refuse', typeUrl: typeUrl.virtualHost });
  world.tell({ type: 'mark' });
  for (let round = 0; round < 5; round += 1) {
    await world.event({ type: 'route', service: round });
    await world.quiet(200);
  }
  const { messages } = await world.collect();
  show('S8 all refuse', { 'responses/proxy': messages / world.options.proxies, changes: 5 });
  world.tell({ type: 'refuse', typeUrl: null });
}

const scenarios: Readonly<Record<string, (world: World) => Promise<void>>> = {
  '1': coldStart,
  '2': (world) =>
    edits(world, 'S2 endpoint change', (round) => ({
      type: 'endpoint',
      service: (round * 7) % world.options.services,
    })),
  '3': (world) =>
    edits(world, 'S3 route change', (round) => ({
      type: 'route',
      service: (round * 7) % world.options.services,
    })),
  '4': churn,
  '5': reconnect,
  '6': slowReaders,
  '8': refusals,
};

for (const n of values.n.split(',')) {
  for (const m of values.m.split(',')) {
    const wanted = values.s.split(',');
    const world = new World({ proxies: Number(n), services: Number(m), endpoints, tls: !values.plain });
    await world.start(wanted.includes('5'));
    process.stdout.write(
      `\nN=${n} proxies, M=${m} services × ${endpoints} endpoints, ${values.plain ? 'plaintext' : 'mTLS'}\n`,
    );
    show('S0 ready', {
      'first snapshot ms': world.ready?.startMs ?? 0,
      'base MB': (await world.usage()).rssMb,
    });
    if (!wanted.includes('1')) {
      world.tell({ type: 'connect' });
      await world.complete(120_000);
      await world.quiet(300);
    }
    for (const name of wanted) await scenarios[name]?.(world);
    world.end();
  }
}
