// What the operator costs while little happens (S9): its start, its rest, one change with a hundred proxies. The program as it is
// shipped, on a real API server that holds the mesh, measured from outside. Entry: playRest.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeBundle } from '../../deploy/bundle/bundle.ts';
import { startCluster, type Cluster } from './api/cluster.ts';
import { poll } from '../support/kubernetes/poll.ts';
import type { Figures } from './figures.ts';
import { endAll, heapOptions, pause, startChild, type Child, type Ending } from './processes.ts';
import { Program } from './program.ts';
import {
  monotonicMs,
  type ClientCommand,
  type ClientOptions,
  type Collected,
  type Size,
} from './protocol.ts';

export const restId = '9';
export const restProxies = 100;

/** Starts that count. The very first does not: it issues every certificate. */
const starts = 3;
/** Of what follows a start, the collection of garbage comes last. */
const untilRestMs = 60_000;
/** Each watch begins anew once; five rounds of certificates, ten looks at quotas. */
const idleMs = 300_000;
/** What follows a start has ended when so little is done in two seconds. */
const settledCpuMs = 50;
const settleDeadlineMs = 60_000;
/** Until all proxies have all of their configuration; in seconds if nothing is wrong. */
const connectDeadlineMs = 60_000;
const warmUps = 5;
/** Changes far enough apart to be changes of their own. */
const betweenMs = 500;

export interface RestOptions {
  readonly size: Size;
  readonly rounds: number;
  /** How the operator is started: program and first arguments. Default: as in the image. */
  readonly command?: readonly string[];
}

export async function playRest(options: RestOptions): Promise<Figures> {
  const started: Ending[] = [];
  try {
    const command = options.command ?? (await shipped(started));
    const cluster = await startCluster(options.size, started);
    const first = await start(command, cluster, started);
    const certificates = await cluster.certificates();
    await settled(first);
    await first.end();
    const { program, figures } = await startAgain(command, cluster, started);
    const atRest = await rest(program);
    const podUids = await cluster.podUids();
    const ready = { port: program.xdsPort, startMs: 0, certificates, podUids };
    const client = await connectProxies({ ...options.size, ready }, started);
    await settled(program);
    return { ...figures, ...atRest, ...(await changes(options, { cluster, client, program })) };
  } finally {
    await endAll(started);
  }
}

/** Bundled as for the image. */
async function shipped(started: Ending[]): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'meshwright-bench-'));
  started.push({ end: () => Promise.resolve(rmSync(folder, { recursive: true })) });
  await writeBundle(folder);
  return [process.execPath, ...heapOptions, join(folder, 'main.cjs')];
}

async function start(command: readonly string[], cluster: Cluster, started: Ending[]): Promise<Program> {
  const program = await Program.start(command, cluster.kubeconfig);
  started.push(program);
  return program;
}

async function startAgain(
  command: readonly string[],
  cluster: Cluster,
  started: Ending[],
): Promise<{ readonly program: Program; readonly figures: Figures }> {
  const readyS: number[] = [];
  const cpuS: number[] = [];
  const untilQuietCpuS: number[] = [];
  for (;;) {
    const program = await start(command, cluster, started);
    readyS.push(program.startMs / 1000);
    cpuS.push(program.startCpuMs / 1000);
    await settled(program);
    untilQuietCpuS.push(program.cpuMs() / 1000);
    if (readyS.length === starts) {
      const figures = { 'ready s': readyS, 'start cpu s': cpuS, 'cpu s until quiet': untilQuietCpuS };
      return { program, figures };
    }
    await program.end();
  }
}

async function rest(program: Program): Promise<Figures> {
  await pause(untilRestMs);
  const fromMs = program.cpuMs();
  const startedAtMs = monotonicMs();
  await pause(idleMs);
  const seconds = (monotonicMs() - startedAtMs) / 1000;
  return { 'idle cpu ms/s': (program.cpuMs() - fromMs) / seconds, 'rest MB': program.rssMb() };
}

async function connectProxies(options: ClientOptions, started: Ending[]): Promise<Child> {
  const client = startChild('client', options);
  started.push(client);
  await client.ask(null);
  client.tell({ type: 'connect', keep: false } satisfies ClientCommand);
  await poll(async () => ((await collect(client)).completeAtMs === 0 ? undefined : true), {
    intervalMs: 100,
    deadlineMs: connectDeadlineMs,
  });
  return client;
}

function collect(client: Child): Promise<Collected> {
  return client.ask({ type: 'collect' } satisfies ClientCommand);
}

interface Connected {
  readonly cluster: Cluster;
  readonly client: Child;
  readonly program: Program;
}

async function changes(
  { size, rounds }: RestOptions,
  { cluster, client, program }: Connected,
): Promise<Figures> {
  const cpuMs: number[] = [];
  let missing = 0;
  for (let round = -warmUps; round < rounds; round += 1) {
    client.tell({ type: 'mark' } satisfies ClientCommand);
    const before = program.cpuMs();
    await cluster.edits.perform({ type: 'endpoint', service: ((round + warmUps) * 7) % size.services });
    await pause(betweenMs);
    if (round < 0) continue;
    cpuMs.push(program.cpuMs() - before);
    missing += Math.max(0, size.proxies - (await collect(client)).messages);
  }
  return {
    'cpu ms/change': cpuMs,
    'not heard': missing,
    [`MB with ${size.proxies} proxies`]: program.rssMb(),
  };
}

async function settled(program: Program): Promise<void> {
  const until = monotonicMs() + settleDeadlineMs;
  while (monotonicMs() < until) {
    const before = program.cpuMs();
    await pause(2000);
    if (program.cpuMs() - before < settledCpuMs) return;
  }
}
