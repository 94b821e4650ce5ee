// `make bench`: plays the scenarios, each size and each repetition with processes of its own, and prints a table. Commits
// nothing. See README.md for what the figures mean.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { benchDashboard } from './dashboard/main.ts';
import { medianOf, rowsOf, type Figures } from './figures.ts';
import { endAll, type Ending, leaveServerCore } from './processes.ts';
import { benchPods } from './pods.ts';
import { benchQuotas } from './quotas/main.ts';
import { playRest, restId, restProxies } from './rest.ts';
import { scenarios } from './scenarios.ts';
import { levelsIn } from './sidecar/telemetry.ts';
import { benchSidecar } from './sidecar/main.ts';
import { short, tableOf } from './table.ts';
import { targetOf, type Setting } from './targets.ts';
import { World, type WorldOptions } from './world.ts';

const { values } = parseArgs({
  options: {
    s: { type: 'string', default: '1,2,3,4,5,9' },
    n: { type: 'string', default: '1000' },
    m: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '20' },
    /** So often everything is played, in new processes. */
    repeat: { type: 'string', default: '1' },
    /** Through a real Kubernetes API server. */
    api: { type: 'boolean', default: false },
    plain: { type: 'boolean', default: false },
    /** Every service has a typical TrafficPolicy. */
    policies: { type: 'boolean', default: false },
    /** A folder for a CPU profile of the server in each scenario. */
    profile: { type: 'string' },
    /** S=dashboard: a folder for pictures of it. */
    screenshots: { type: 'string' },
    /** S=sidecar: another checkout, to be compared with. */
    base: { type: 'string' },
    /** S=sidecar: so many rules and a token guard the called port, compared with none. */
    rules: { type: 'string', default: '0' },
    /** S=sidecar: levels of telemetry. */
    telemetry: { type: 'boolean', default: false },
    /** S=sidecar, with --telemetry: only these, each compared with the first. Default: each, compared with none at all. */
    levels: { type: 'string', default: '' },
    /** S=sidecar: instructions instead of time. Needs valgrind. */
    instructions: { type: 'boolean', default: false },
    /** S=sidecar: connection managers of the caller. */
    bindings: { type: 'string', default: '3' },
  },
});
const endpoints = 10;
const asked = values.s.split(',').filter((id) => id !== '0');
const wanted = asked.filter((id) => id !== restId);
const repeat = Number(values.repeat);

/** Scenario → figures of each repetition. */
type Played = Map<string, Figures[]>;

function titleOf(id: string): string {
  if (id === restId) return 'S9 little happens';
  const title = id === '0' ? 'S0 ready' : scenarios[id]?.title;
  if (title === undefined)
    throw new Error(`there is no scenario ${id}: choose of ${Object.keys(scenarios).join()},${restId}`);
  return values.api ? `${title} (API)` : title;
}

function note(played: Played, id: string, figures: Figures): void {
  played.set(id, [...(played.get(id) ?? []), figures]);
  const text = Object.entries(figures).map(([name, value]) => `${name}=${short(medianOf(value))}`);
  process.stdout.write(`${titleOf(id).padEnd(24)} ${text.join('  ')}\n`);
}

async function play(world: World, id: string): Promise<Figures> {
  if (values.profile !== undefined) await world.profile(null);
  const { lost } = await world.collect();
  const figures = await scenarios[id]?.run(world, Number(values.rounds));
  const lostStreams = (await world.collect()).lost - lost;
  if (values.profile !== undefined) {
    const { proxies, services } = world.options;
    mkdirSync(values.profile, { recursive: true });
    await world.profile(resolve(join(values.profile, `s${id}-n${proxies}-m${services}.cpuprofile`)));
  }
  return { ...figures, ...(lostStreams > 0 && { 'lost streams': lostStreams }) };
}

async function playAll(options: WorldOptions, played: Played): Promise<void> {
  const started: Ending[] = [];
  const interrupted = (): void => void endAll(started).finally(() => process.exit(130));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted);
  try {
    const world = await World.start(options, started);
    await world.collectGarbage();
    const { rssMb, heapMb, externalMb } = await world.usage();
    const base = { 'base MB': rssMb, 'heap MB': heapMb, 'external MB': externalMb };
    note(played, '0', { 'first snapshot ms': world.startMs, ...base });
    if (!wanted.includes('1')) {
      world.tell({ type: 'connect', keep: false });
      await world.complete(120_000);
      await world.quiet(300);
    }
    for (const id of wanted) note(played, id, await play(world, id));
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupted);
    await endAll(started);
  }
}

async function playSize(proxies: number, services: number): Promise<string> {
  const setting = { proxies, services, tls: !values.plain, isApi: values.api };
  return await repeated(setting, (played) =>
    playAll({ ...setting, endpoints, policies: values.policies }, played),
  );
}

/** Always the operator as it is shipped, on an API server, over mutual TLS. */
async function playLittle(services: number): Promise<string> {
  const setting = { proxies: restProxies, services, tls: true, isApi: true };
  return await repeated(setting, async (played) => {
    const size = { proxies: restProxies, services, endpoints, policies: values.policies };
    note(played, restId, await playRest({ size, rounds: Number(values.rounds) }));
  });
}

async function repeated(setting: Setting, once: (played: Played) => Promise<void>): Promise<string> {
  const { proxies, services, tls } = setting;
  const transport = tls ? 'mTLS' : 'plaintext';
  const title = `N=${proxies} proxies, M=${services} services × ${endpoints} endpoints${values.policies ? ', each with a TrafficPolicy' : ''}, ${transport}`;
  const played: Played = new Map();
  for (let run = 0; run < repeat; run += 1) {
    process.stdout.write(`\n${title}\n`);
    await once(played);
  }
  const rows = [...played].flatMap(([id, runs]) =>
    rowsOf(runs).map((row) => ({
      ...row,
      scenario: titleOf(id),
      target: targetOf(id, row.figure, setting),
    })),
  );
  return tableOf(title, rows);
}

async function main(): Promise<void> {
  if (values.s === 'sidecar') {
    const { base, rounds, m, bindings, rules, telemetry, levels, instructions } = values;
    await benchSidecar({
      base,
      rounds: Number(rounds),
      services: Number(m),
      bindings: Number(bindings),
      rules: Number(rules),
      telemetry: telemetry ? levelsIn(levels) : [],
      instructions,
    });
    return;
  }
  if (values.s === 'quotas') {
    await benchQuotas(Number(values.rounds));
    return;
  }
  if (values.s === 'dashboard') {
    await benchDashboard(Number(values.rounds), values.screenshots);
    return;
  }
  if (values.s === 'pods') {
    await benchPods(Number(values.rounds));
    return;
  }
  for (const id of asked) titleOf(id);
  if (values.api && values.plain)
    throw new Error('the operator serves mutual TLS only: leave out --plain or --api');
  leaveServerCore();
  const tables: string[] = [];
  const services = values.m.split(',').map(Number);
  if (wanted.length > 0)
    for (const n of values.n.split(',')) for (const m of services) tables.push(await playSize(Number(n), m));
  if (asked.includes(restId)) for (const m of services) tables.push(await playLittle(m));
  process.stdout.write(tables.join(''));
}

await main();
