// `make bench S=sidecar`: what a request costs its two sidecars, and what memory they take. With `--base <checkout>` the same of the
// configuration that another checkout makes, in turns, and the difference. See ../README.md.
import { fork } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { medianOf, rowsOf, type Figures } from '../figures.ts';
import { Child, endAll, type Ending } from '../processes.ts';
import { tableOf } from '../table.ts';
import { load, portOf, startAnswering } from './load.ts';
import type { MeshOptions, MeshReady, SidecarProcess } from './mesh.ts';
import type { TelemetryLevel } from './telemetry.ts';

export interface SidecarBenchOptions {
  /** Another checkout of this project. */
  readonly base: string | undefined;
  readonly rounds: number;
  readonly services: number;
  readonly bindings: number;
  /** With so many rules and a token, compared with none. 0: not. */
  readonly rules: number;
  /** Levels of telemetry, each compared with none. Empty: not. */
  readonly telemetry: readonly TelemetryLevel[];
}

const requestsOfRound = 2_000;
/** Not measured: whoever was played last finds its memory in the processor's caches. */
const requestsBefore = 200;
const connections = 4;

interface Side extends Ending {
  readonly name: string;
  readonly ready: MeshReady;
  readonly rounds: {
    readonly caller: number;
    readonly server: number;
    readonly p50: number;
    readonly p99: number;
    readonly perSecond: number;
  }[];
}

async function startSide(name: string, checkout: string, options: MeshOptions): Promise<Side> {
  const program = join(checkout, 'test/bench/sidecar/mesh.ts');
  if (!existsSync(program)) throw new Error(`${checkout} has no ${program}`);
  const process = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const child = new Child(name, process);
  const ready = await child.ask<MeshReady>(options);
  return { name, ready, rounds: [], end: () => child.end() };
}

/** Microseconds that a process has worked, all of its threads. */
function cpuUs({ pid }: SidecarProcess): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const ns = tasks.map((task) =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
  );
  return ns.reduce((sum, value) => sum + value, 0) / 1000;
}

async function memory({ pid, adminPort }: SidecarProcess): Promise<{ rssMb: number; allocatedMb: number }> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const answer = await fetch(`http://127.0.0.1:${adminPort}/memory`);
  const { allocated } = (await answer.json()) as { readonly allocated: string };
  const rssKb = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]);
  return { rssMb: rssKb / 1024, allocatedMb: Number(allocated) / 2 ** 20 };
}

async function playRound({ ready, rounds }: Side): Promise<void> {
  const { caller, server, port, token } = ready;
  await load({ port, token, requests: requestsBefore, connections });
  const before = [cpuUs(caller), cpuUs(server)] as const;
  const start = performance.now();
  const took = await load({ port, token, requests: requestsOfRound, connections });
  const seconds = (performance.now() - start) / 1000;
  const sorted = took.toSorted((a, b) => a - b);
  rounds.push({
    caller: (cpuUs(caller) - before[0]) / requestsOfRound,
    server: (cpuUs(server) - before[1]) / requestsOfRound,
    p50: sorted[Math.floor(requestsOfRound * 0.5)] ?? Number.NaN,
    p99: sorted[Math.floor(requestsOfRound * 0.99)] ?? Number.NaN,
    perSecond: requestsOfRound / seconds,
  });
}

/** Each comes in each place equally often, and after both of its neighbors. */
function inOrder<T>(sides: readonly T[], round: number): readonly T[] {
  const from = round % sides.length;
  const rotated = [...sides.slice(from), ...sides.slice(0, from)];
  return round % (2 * sides.length) < sides.length ? rotated : rotated.toReversed();
}

type Memory = Awaited<ReturnType<typeof memory>>;

function figuresOf({ rounds }: Side, caller: Memory, server: Memory): Figures {
  return {
    'caller us/request': rounds.map((round) => round.caller),
    'server us/request': rounds.map((round) => round.server),
    'requests/s': rounds.map((round) => round.perSecond),
    'p50 us': rounds.map((round) => round.p50),
    'p99 us': rounds.map((round) => round.p99),
    'caller RSS MB': caller.rssMb,
    'server RSS MB': server.rssMb,
    'caller allocated MB': caller.allocatedMb,
    'server allocated MB': server.allocatedMb,
  };
}

/** Of rounds that were played one after the other: what disturbs the machine disturbs both. */
function difference(ours: Figures, base: Figures): Figures {
  return Object.fromEntries(
    Object.entries(ours).flatMap(([name, value]): (readonly [string, number | readonly number[]])[] => {
      const other = base[name] ?? Number.NaN;
      if (typeof value === 'number') return [[`${name} more`, value - medianOf(other)]];
      const others = other as readonly number[];
      return [[`${name} more %`, value.map((us, round) => (us / (others[round] ?? Number.NaN) - 1) * 100)]];
    }),
  );
}

/** Those that are compared; the last is what the others are compared with. */
function sidesOf({
  base,
  rules,
  telemetry,
}: SidecarBenchOptions): readonly (readonly [name: string, checkout: string, more: Partial<MeshOptions>])[] {
  const here = resolve(import.meta.dirname, '../../..');
  if (telemetry.length > 0)
    return telemetry.toReversed().map((level) => [`telemetry ${level}`, here, { telemetry: level }]);
  if (rules > 0)
    return [
      ['ours', here, { rules }],
      ['no rules', here, {}],
    ];
  return [['ours', here, {}], ...(base === undefined ? [] : [['base', resolve(base), {}] as const])];
}

export async function benchSidecar(options: SidecarBenchOptions): Promise<void> {
  const { rounds, services, bindings } = options;
  const started: Ending[] = [];
  try {
    const application = await startAnswering();
    started.push({ end: async () => void application.close() });
    const given = { applicationPort: portOf(application), services, bindings };
    const sides: Side[] = [];
    for (const [name, checkout, more] of sidesOf(options)) {
      const side = await startSide(name, checkout, { ...given, ...more });
      started.push(side);
      sides.push(side);
    }
    // The first round opens connections and fills caches.
    for (const side of sides) await playRound(side);
    for (const side of sides) side.rounds.splice(0);
    for (let round = 0; round < rounds; round += 1)
      for (const side of inOrder(sides, round)) await playRound(side);
    const figures = await Promise.all(
      sides.map(async (side) =>
        figuresOf(side, await memory(side.ready.caller), await memory(side.ready.server)),
      ),
    );
    const last = figures.at(-1) ?? {};
    const groups = sides.flatMap(({ name }, index) => {
      const own = figures[index] ?? {};
      const pair = [[name, own] as const];
      return own === last ? pair : [...pair, [`${name}: more`, difference(own, last)] as const];
    });
    const rows = groups.flatMap(([scenario, group]) =>
      rowsOf([group]).map((row) => ({ ...row, scenario, target: undefined })),
    );
    const title = `two sidecars, one worker each, mTLS between; ${services} services, ${bindings} bindings`;
    process.stdout.write(tableOf(title, rows));
  } finally {
    await endAll(started);
  }
}
