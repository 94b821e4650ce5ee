// The operator as a child process, bundled as its image has it, started as a user starts it against a cluster. Entry:
// startOperator. It dies with the test process.
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { bundleInto } from './bundle.ts';
import { startChild } from './kubernetes/child.ts';
import { poll } from './kubernetes/poll.ts';

const Ports = z.object({ xdsPort: z.number(), adminPort: z.number() });

export interface OperatorOptions {
  readonly kubeconfigPath: string;
  /** host:port. Default: a free port of 127.0.0.1. */
  readonly xdsAddress?: string;
  /** More of them. */
  readonly args?: readonly string[];
  /** Another version of the operator: makes its program from that of this one. */
  readonly edit?: (program: string) => string;
}

export interface OperatorPorts {
  readonly xdsPort: number;
  readonly adminPort: number;
}

export interface OperatorProcess {
  /** Resolves when it serves configuration, which takes a Mesh. */
  ready(): Promise<OperatorPorts>;
  /** The lines it has logged so far, parsed. */
  log(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Its exit code, once it has ended; null: a signal ended it. */
  readonly ended: Promise<number | null>;
  /** SIGTERM. Resolves to its exit code; null if it had to be killed after a minute. */
  terminate(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Kills it and removes its files. */
  stop(): Promise<void>;
}

const terminateMs = 60_000;

export async function startOperator(options: OperatorOptions): Promise<OperatorProcess> {
  const dir = await mkdtemp(join(tmpdir(), 'meshwright-operator-'));
  const [readyFile, logFile] = [join(dir, 'ready.json'), join(dir, 'log')];
  const { kubeconfigPath, xdsAddress = '127.0.0.1:0', args = [], edit } = options;
  const addresses = ['--xds-address', xdsAddress, '--admin-address', '127.0.0.1:0'];
  const files = ['--kubeconfig', kubeconfigPath, '--ready-file', readyFile];
  const main = edit === undefined ? await bundledMain() : join(dir, 'main.cjs');
  if (edit !== undefined) await writeFile(main, edit(await readFile(await bundledMain(), 'utf8')));
  const child = await startChild(
    [process.execPath, '--max-semi-space-size=16', main, ...files, ...addresses, ...args],
    logFile,
  );

  const readReady = async (): Promise<OperatorPorts | undefined> => {
    if (!child.running()) throw new Error(`the operator has ended: ${await child.tail()}`);
    const text = await readFile(readyFile, 'utf8').catch(() => undefined);
    return text === undefined ? undefined : Ports.parse(JSON.parse(text));
  };
  const ready = async (): Promise<OperatorPorts> => {
    try {
      return await poll(readReady, { intervalMs: 50, deadlineMs: 60_000 });
    } catch (cause) {
      throw new Error(`the operator is not ready: ${await child.tail()}`, { cause });
    }
  };
  return {
    ready,
    log: async () => {
      const lines = (await readFile(logFile, 'utf8')).split('\n').slice(0, -1);
      return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    },
    ended: child.ended,
    terminate: async () => {
      child.signal('SIGTERM');
      const timer = setTimeout(() => child.signal('SIGKILL'), terminateMs);
      const code = await child.ended;
      clearTimeout(timer);
      return code;
    },
    kill: () => child.kill(),
    stop: async () => {
      await child.kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

let main: Promise<string> | undefined;

/** Bundled once for a test file. */
function bundledMain(): Promise<string> {
  main ??= bundle();
  return main;
}

async function bundle(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'meshwright-bundle-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  await bundleInto(folder);
  return join(folder, 'main.cjs');
}
