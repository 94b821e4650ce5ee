// `make bench S=sidecar`: what a request costs its two sidecars, and what memory they take. With `--base <checkout>` the same of the
// configuration that another checkout makes, in turns, and the difference. See ../README.md.
import { readdirSync, readFileSync } from 'node:fs';
import { medianOf, rowsOf, type Figures } from '../figures.ts';
import { endAll, type Ending } from '../processes.ts';
import { tableOf, type TableRow } from '../table.ts';
import { countInstructions } from './instructions.ts';
import { load, portOf, startAnswering } from './load.ts';
import type { SidecarProcess } from './mesh.ts';
import { type Side, type SidecarBenchOptions, sidesOf, startSide } from './sides.ts';

const requestsOfRound = 2_000;
/** Not measured: whoever was played last finds its memory in the processor's caches. */
const requestsBefore = 200;
const connections = 4;

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

/** Each comes in each place, and after both of its neighbors, in turns. */
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

/** Each, and by what it is more than the last. */
function comparedRows(sides: readonly (readonly [name: string, Figures])[]): readonly TableRow[] {
  const last = sides.at(-1)?.[1] ?? {};
  const groups = sides.flatMap(([name, own]) => {
    const pair = [[name, own] as const];
    return own === last ? pair : [...pair, [`${name}: more`, difference(own, last)] as const];
  });
  return groups.flatMap(([scenario, group]) =>
    rowsOf([group]).map((row) => ({ ...row, scenario, target: undefined })),
  );
}

export async function benchSidecar(options: SidecarBenchOptions): Promise<void> {
  const { rounds, services, bindings } = options;
  const started: Ending[] = [];
  try {
    const application = await startAnswering();
    started.push({ end: async () => void application.close() });
    const given = { applicationPort: portOf(application), services, bindings };
    const title = `two sidecars, one worker each, mTLS between; ${services} services, ${bindings} bindings`;
    if (options.instructions) {
      const counted: (readonly [string, Figures])[] = [];
      for (const side of sidesOf(options)) counted.push([side[0], await countInstructions(side, given)]);
      process.stdout.write(tableOf(title, comparedRows(counted)));
      return;
    }
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
    const named = sides.map(({ name }, index) => [name, figures[index] ?? {}] as const);
    process.stdout.write(tableOf(title, comparedRows(named)));
  } finally {
    await endAll(started);
  }
}
