// Scenarios in which proxies come: for the first time (S1), with what they have (S5), again and again (S7).
import type { Figures } from './figures.ts';
import { pause } from './processes.ts';
import { completed, spent } from './spent.ts';
import type { World } from './world.ts';

const deadlineMs = 120_000;

/** The world before anybody is connected. */
export async function coldStart(world: World): Promise<Figures> {
  await world.collectGarbage();
  const before = await world.usage();
  const idle = await world.collect();
  world.tell({ type: 'connect', keep: false });
  const done = await world.complete(deadlineMs);
  const { bytes } = await world.quiet(200);
  const after = await world.usage();
  await world.collectGarbage();
  await pause(300);
  const rest = await world.usage();
  const { proxies } = world.options;
  const cpuMs = after.cpuMs - before.cpuMs;
  return {
    ...completed(world, done),
    'GB sent': bytes / 1e9,
    'KB sent/proxy': bytes / 1024 / proxies,
    ...spent(before, after),
    'client cpu s': (done.cpuMs - idle.cpuMs) / 1000,
    'cpu s/GB': cpuMs / 1e3 / (bytes / 1e9),
    'cpu ms/proxy': cpuMs / proxies,
    'base MB': before.rssMb,
    'peak MB': after.peakRssMb,
    'after MB': rest.rssMb,
    'heap MB': rest.heapMb,
    'external MB': rest.externalMb,
    'KB/proxy': ((rest.rssMb - before.rssMb) * 1024) / proxies,
  };
}

/** The proxies come anew first, not measured, and this time remember what they are sent. */
export async function reconnect(world: World): Promise<Figures> {
  world.tell({ type: 'connect', keep: true });
  await world.complete(deadlineMs);
  await world.quiet(500);
  await world.prepare();
  await world.collectGarbage();
  world.tell({ type: 'mark' });
  const idle = await world.collect();
  const before = await world.usage();
  world.tell({ type: 'reconnect' });
  const done = await world.complete(deadlineMs);
  const { bytes } = await world.quiet(300);
  const after = await world.usage();
  const { proxies } = world.options;
  return {
    ...completed(world, done),
    'bytes/proxy': bytes / proxies,
    ...spent(before, after),
    'client cpu s': (done.cpuMs - idle.cpuMs) / 1000,
    'cpu ms/proxy': (after.cpuMs - before.cpuMs) / proxies,
    'peak MB': after.peakRssMb,
  };
}

export async function comeAndGo(world: World): Promise<Figures> {
  const memory: number[] = [];
  for (let cycle = 0; cycle < 10; cycle += 1) {
    world.tell({ type: 'connect', keep: false });
    await world.complete(deadlineMs);
    await world.quiet(300);
    await world.collectGarbage();
    await pause(300);
    memory.push((await world.usage()).rssMb);
  }
  const { heapMb } = await world.usage();
  const { complete } = await world.collect();
  return {
    'first MB': memory[0] ?? Number.NaN,
    'MB after each': memory,
    'last MB': memory.at(-1) ?? Number.NaN,
    'heap MB': heapMb,
    'not complete': world.options.proxies - complete,
  };
}
