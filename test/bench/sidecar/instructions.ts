// `make bench S=sidecar ARGS="… --instructions"`: what a request costs the workers of two sidecars in instructions of their own program,
// without the kernel's. Unlike time, they do not depend on what else the machine does: two runs differ by 0.1 %. Needs valgrind.
// @see https://valgrind.org/docs/manual/cl-manual.html
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { envoyBinary } from '../../support/envoy.ts';
import type { Figures } from '../figures.ts';
import { endAll, type Ending } from '../processes.ts';
import { load } from './load.ts';
import { type Compared, startSide } from './sides.ts';

/** Until connections are open and caches are full. */
const requestsBefore = 50;
const requests = 300;

/** One mesh at a time. */
export async function countInstructions(
  [name, checkout, options]: Compared,
  given: Parameters<typeof startSide>[2],
): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'meshwright-callgrind-'));
  const started: Ending[] = [{ end: async () => rmSync(folder, { recursive: true, force: true }) }];
  try {
    const environment = [['MESHWRIGHT_ENVOY', await slowEnvoy(folder)]] as const;
    const side = await startSide(name, checkout, { ...given, ...options }, environment);
    started.push(side);
    const { caller, server, port, token } = side.ready;
    const both = [caller.pid, server.pid] as const;
    for (const pid of both) control('--instr=on', pid);
    await load({ port, token, requests: requestsBefore, connections: 1 });
    for (const pid of both) control('--zero', pid);
    await load({ port, token, requests, connections: 1 });
    for (const pid of both) control('--dump', pid);
    const [ofCaller, ofServer] = both.map((pid) => [countedBy(pid, folder) / requests]);
    return { 'caller instructions': ofCaller ?? [], 'server instructions': ofServer ?? [] };
  } finally {
    await endAll(started);
  }
}

/** A program that runs Envoy under callgrind, and counts when it is told to. */
async function slowEnvoy(folder: string): Promise<string> {
  const path = join(folder, 'envoy');
  const options = `--tool=callgrind --instr-atstart=no --separate-threads=yes --callgrind-out-file=${folder}/out.%p`;
  const script = `#!/bin/sh\nexec valgrind ${options} ${await envoyBinary()} "$@"\n`;
  writeFileSync(path, script, { mode: 0o755 });
  return path;
}

function control(what: '--instr=on' | '--zero' | '--dump', pid: number): void {
  execFileSync('callgrind_control', [what, String(pid)], { stdio: 'ignore' });
}

/** By the worker: the thread that did most. */
function countedBy(pid: number, folder: string): number {
  const dumps = readdirSync(folder).filter((file) => file.startsWith(`out.${pid}.`));
  const totals = dumps.map((file) => /^totals: (\d+)/m.exec(readFileSync(join(folder, file), 'utf8'))?.[1]);
  const most = Math.max(0, ...totals.map((total) => Number(total ?? 0)));
  if (most === 0) throw new Error(`callgrind counted nothing for process ${pid}`);
  return most;
}
