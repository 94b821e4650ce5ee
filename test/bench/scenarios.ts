// The scenarios: each drives a world in which all proxies are connected and quiet, and returns its figures.
import { typeUrl } from '../../operator/xds/proto/type-urls.ts';
import { quantile, type Collected, type ServerCommand, type ServerUsage } from './protocol.ts';
import { pause, type World } from './world.ts';

export type Figures = Readonly<Record<string, number | string>>;

export interface Scenario {
  readonly title: string;
  readonly run: (world: World, rounds: number) => Promise<Figures>;
}

export const scenarios: Readonly<Record<string, Scenario>> = {
  '1': { title: 'S1 cold start', run: coldStart },
  '2': {
    title: 'S2 endpoint change',
    run: edits((round, services) => ({ type: 'endpoint', service: (round * 7) % services })),
  },
  '3': {
    title: 'S3 route change',
    run: edits((round, services) => ({ type: 'route', service: (round * 7) % services })),
  },
  '4': { title: 'S4 50 changes/s, 30 s', run: churn },
  '5': { title: 'S5 reconnect', run: reconnect },
  '6': { title: 'S6 10 % do not read', run: slowReaders },
  '7': { title: 'S7 10 × all come anew', run: comeAndGo },
  '8': { title: 'S8 all refuse', run: refusals },
};

/** The world before anybody is connected. */
async function coldStart(world: World): Promise<Figures> {
  await world.event({ type: 'collect-garbage' });
  const before = await world.usage();
  const idle = await world.collect();
  world.tell({ type: 'connect' });
  const done = await world.complete(120_000);
  const { bytes } = await world.quiet(200);
  const after = await world.usage();
  await world.event({ type: 'collect-garbage' });
  await pause(300);
  const rest = await world.usage();
  return {
    ...completed(world, done),
    'GB sent': bytes / 1e9,
    ...spent(before, after),
    'client cpu s': (done.cpuMs - idle.cpuMs) / 1000,
    'cpu s/GB': (after.cpuMs - before.cpuMs) / 1e3 / (bytes / 1e9),
    'base MB': before.rssMb,
    'peak MB': after.peakRssMb,
    'after MB': rest.rssMb,
    'heap MB': rest.heapMb,
    'external MB': rest.externalMb,
    'KB/proxy': ((rest.rssMb - before.rssMb) * 1024) / world.options.proxies,
  };
}

/** Changes before those that count: code is compiled, memory has its size. */
const warmUps = 3;

function edits(
  command: (round: number, services: number) => ServerCommand,
): (world: World, rounds: number) => Promise<Figures> {
  return async (world, rounds) => {
    const all: number[] = [];
    const lasts: number[] = [];
    const middles: number[] = [];
    const { proxies, services } = world.options;
    let bytes = 0;
    for (let round = 0; round < warmUps; round += 1) {
      await world.event(command(rounds + round, services));
      await world.quiet(300);
    }
    const before = await world.usage();
    for (let round = 0; round < rounds; round += 1) {
      world.tell({ type: 'mark' });
      const at = await world.event(command(round, services));
      bytes += (await world.quiet(Math.max(300, 2 * (lasts.at(-1) ?? 0)))).bytes;
      const delays = await world.delays(at);
      all.push(...delays);
      lasts.push(quantile(delays, 1));
      middles.push(quantile(delays, 0.5));
    }
    const after = await world.usage();
    return {
      'p50 ms': quantile(all, 0.5),
      'p99 ms': quantile(all, 0.99),
      // Of the round that was disturbed the least.
      'best p50': quantile(middles, 0),
      'best last': quantile(lasts, 0),
      'last p50': quantile(lasts, 0.5),
      'last max': quantile(lasts, 1),
      'bytes/proxy': bytes / rounds / proxies,
      'msgs/proxy': all.length / rounds / proxies,
      'cpu ms/edit': (after.cpuMs - before.cpuMs) / rounds,
      ...loop(after),
    };
  };
}

async function churn(world: World): Promise<Figures> {
  const ms = 30_000;
  const before = await world.usage();
  world.tell({ type: 'mark' });
  await world.event({ type: 'churn', perSecond: 50, ms });
  await pause(ms);
  const busy = await world.usage();
  const { bytes, messages } = await world.quiet(500);
  const changes = await world.changes();
  const { p50Ms, p99Ms, maxMs, lost } = await world.staleness(changes);
  return {
    'p50 ms': p50Ms,
    'p99 ms': p99Ms,
    'max ms': maxMs,
    changes: changes.length,
    lost,
    'core %': ((busy.cpuMs - before.cpuMs) / ms) * 100,
    'msgs/proxy': messages / world.options.proxies,
    'bytes/proxy': bytes / world.options.proxies,
    ...loop(busy),
  };
}

async function reconnect(world: World): Promise<Figures> {
  world.tell({ type: 'mark' });
  const before = await world.usage();
  world.tell({ type: 'reconnect' });
  const done = await world.complete(120_000);
  const { bytes } = await world.quiet(300);
  const after = await world.usage();
  return {
    ...completed(world, done),
    'bytes/proxy': bytes / world.options.proxies,
    ...spent(before, after),
  };
}

async function slowReaders(world: World, rounds: number): Promise<Figures> {
  const count = Math.floor(world.options.proxies / 10);
  world.tell({ type: 'pause', count, paused: true });
  const figures = await edits((round, services) => ({ type: 'endpoint', service: round % services }))(
    world,
    rounds,
  );
  const { rssMb } = await world.usage();
  world.tell({ type: 'pause', count, paused: false });
  await world.quiet(300);
  return { ...figures, 'after MB': rssMb };
}

async function comeAndGo(world: World): Promise<Figures> {
  const memory: number[] = [];
  for (let cycle = 0; cycle < 10; cycle += 1) {
    world.tell({ type: 'reconnect' });
    await world.complete(120_000);
    await world.quiet(300);
    await world.event({ type: 'collect-garbage' });
    await pause(300);
    memory.push((await world.usage()).rssMb);
  }
  const { heapMb } = await world.usage();
  return { 'first MB': memory[0] ?? 0, 'last MB': memory.at(-1) ?? 0, 'heap MB': heapMb };
}

async function refusals(world: World): Promise<Figures> {
  world.tell({ type: 'refuse', typeUrl: typeUrl.virtualHost });
  world.tell({ type: 'mark' });
  const changes = 5;
  for (let round = 0; round < changes; round += 1) {
    await world.event({ type: 'route', service: round });
    await world.quiet(200);
  }
  const { messages } = await world.collect();
  world.tell({ type: 'refuse', typeUrl: null });
  return { changes, 'responses/proxy': messages / world.options.proxies };
}

function completed(world: World, { complete, completeAtMs, connectedAtMs }: Collected): Figures {
  return {
    complete: `${complete}/${world.options.proxies}`,
    seconds: (completeAtMs - connectedAtMs) / 1000,
  };
}

function spent(before: ServerUsage, after: ServerUsage): Figures {
  return { 'cpu s': (after.cpuMs - before.cpuMs) / 1000, ...loop(after) };
}

function loop({ loopP99Ms, loopMaxMs }: ServerUsage): Figures {
  return { 'loop p99 ms': loopP99Ms, 'loop max ms': loopMaxMs };
}
