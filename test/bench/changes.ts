// Scenarios in which the mesh changes: once and again (S2, S3), fast (S4), while some do not read (S6), while all refuse (S8).
import { typeUrl } from '../../operator/envoy/proto/type-urls.ts';
import type { Figures } from './figures.ts';
import { pause } from './processes.ts';
import { quantile, type Edit } from './protocol.ts';
import { disturbed } from './spent.ts';
import type { World } from './world.ts';

/** Changes before those that count: code is compiled, memory has its size. */
const warmUps = 3;
/** TrafficPolicies that exist once they were edited for the first time, each of another namespace. */
const policies = 10;

/** Longer nobody waits for a change to reach all. */
const heardMs = 10_000;

type EditOfRound = (round: number, services: number) => Edit;

export const editedRoute: EditOfRound = (round, services) => ({
  type: 'route',
  service: ((round % policies) * 7) % services,
});

/** `readers`: how many proxies hear of it; by default all. */
export function edits(
  edit: EditOfRound,
  readers = (world: World): number => world.options.proxies,
): (world: World, rounds: number) => Promise<Figures> {
  return async (world, rounds) => {
    const { services } = world.options;
    // Creating a policy is more than changing it: that is not what is measured.
    const before = edit === editedRoute ? policies : warmUps;
    for (let round = 0; round < before; round += 1) {
      world.tell({ type: 'mark' });
      await world.edit(edit(rounds + round, services));
      await world.heard(readers(world), heardMs);
      await world.quiet(100);
    }
    return await measured(world, rounds, { edit, readers: readers(world) });
  };
}

async function measured(
  world: World,
  rounds: number,
  { edit, readers }: { readonly edit: EditOfRound; readonly readers: number },
): Promise<Figures> {
  const all: number[] = [];
  const lasts: number[] = [];
  const middles: number[] = [];
  let [bytes, resourceBytes, missing] = [0, 0, 0];
  const before = await world.usage();
  for (let round = 0; round < rounds; round += 1) {
    world.tell({ type: 'mark' });
    const at = await world.edit(edit(round, world.options.services));
    await world.heard(readers, heardMs);
    const counted = await world.quiet(200);
    bytes += counted.bytes;
    resourceBytes += counted.resourceBytes;
    const delays = await world.delays(at);
    for (const delay of delays) all.push(delay);
    missing += Math.max(0, readers - delays.length);
    if (delays.length === 0) continue;
    lasts.push(quantile(delays, 1));
    middles.push(quantile(delays, 0.5));
  }
  const after = await world.usage();
  const cpuMs = (after.cpuMs - before.cpuMs) / rounds;
  return {
    'p50 ms': middles,
    'p99 ms': quantile(all, 0.99),
    'last p50 ms': lasts,
    'last p99 ms': quantile(lasts, 0.99),
    'bytes/proxy': bytes / rounds / readers,
    'not heard': missing,
    'bytes ratio': bytes / resourceBytes,
    'msgs/proxy': all.length / rounds / readers,
    'cpu ms/edit': cpuMs,
    'cpu µs/edit/proxy': (cpuMs * 1000) / readers,
    ...disturbed(before, after),
  };
}

export async function churn(world: World): Promise<Figures> {
  const ms = 30_000;
  const before = await world.usage();
  world.tell({ type: 'mark' });
  await world.edit({ type: 'churn', perSecond: 50, ms });
  await pause(ms);
  const busy = await world.usage();
  const { bytes, messages } = await world.quiet(1500);
  const changes = await world.changes();
  const { p50Ms, p99Ms, maxMs, lost } = await world.staleness(changes);
  const { proxies } = world.options;
  return {
    'p50 ms': p50Ms,
    'p99 ms': p99Ms,
    'max ms': maxMs,
    changes: changes.length,
    lost,
    'core %': ((busy.cpuMs - before.cpuMs) / ms) * 100,
    'msgs/proxy': messages / proxies,
    'changes/msg': (changes.length * proxies) / messages,
    'bytes/proxy/change': bytes / proxies / changes.length,
    ...disturbed(before, busy),
  };
}

/** Some come anew, and stop reading in the midst of the first response. */
export async function slowReaders(world: World, rounds: number): Promise<Figures> {
  const { proxies } = world.options;
  const count = Math.floor(proxies / 10);
  await world.collectGarbage();
  const before = await world.usage();
  world.tell({ type: 'stall', count });
  await world.quiet(500);
  const figures = await edits(
    (round, services) => ({ type: 'endpoint', service: (round * 7) % services }),
    () => proxies - count,
  )(world, rounds);
  await world.collectGarbage();
  await pause(300);
  const { rssMb } = await world.usage();
  world.tell({ type: 'resume' });
  await world.quiet(500);
  const { complete } = await world.collect();
  return {
    ...figures,
    'not reading': count,
    'KB/not reading': ((rssMb - before.rssMb) * 1024) / count,
    'not complete': proxies - complete,
  };
}

export async function refusals(world: World): Promise<Figures> {
  const changes = 5;
  // The policies exist before they are refused.
  for (let round = 0; round < changes; round += 1) {
    await world.edit(editedRoute(round, world.options.services));
    await world.quiet(200);
  }
  world.tell({ type: 'refuse', typeUrl: typeUrl.virtualHost });
  world.tell({ type: 'mark' });
  const before = await world.usage();
  const responses: number[] = [];
  let known = 0;
  for (let round = 0; round < changes; round += 1) {
    await world.edit(editedRoute(round, world.options.services));
    const { messages } = await world.quiet(300);
    responses.push((messages - known) / world.options.proxies);
    known = messages;
  }
  const after = await world.usage();
  world.tell({ type: 'refuse', typeUrl: null });
  return {
    changes,
    'responses/proxy/change': responses,
    'cpu ms/change': (after.cpuMs - before.cpuMs) / changes,
    ...disturbed(before, after),
  };
}
