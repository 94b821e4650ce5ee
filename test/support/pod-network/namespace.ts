// One network namespace, held by a process that dies with the test process. Entry: startNamespace. Linux and root.
import { execFile } from 'node:child_process';
import { readlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Closing } from '../data-plane/closing.ts';
import { type Child, startChild } from '../kubernetes/child.ts';
import { poll } from '../kubernetes/poll.ts';

const run = promisify(execFile);

export interface Namespace {
  readonly pid: number;
  /** Runs a command line in it. */
  readonly inside: readonly string[];
  run(...command: readonly string[]): Promise<string>;
  start(command: readonly string[], logFile: string): Promise<Child>;
}

export async function startNamespace(logFile: string, closing: Closing): Promise<Namespace> {
  const holder = await startChild(['unshare', '--net', 'sleep', 'infinity'], logFile);
  closing.add(() => holder.kill());
  const ours = await readlink('/proc/self/ns/net');
  await poll(
    async () => {
      if (!holder.running()) throw new Error(`no network namespace: ${await holder.tail()}`);
      return (await readlink(`/proc/${holder.pid}/ns/net`)) === ours ? undefined : true;
    },
    { intervalMs: 5, deadlineMs: 60_000 },
  );
  const inside = ['nsenter', `--net=/proc/${holder.pid}/ns/net`, '--'];
  return {
    pid: holder.pid,
    inside,
    run: async (...command) => {
      const [program = '', ...args] = [...inside, ...command];
      return (await run(program, args)).stdout;
    },
    start: async (command, file) => {
      const child = await startChild([...inside, ...command], file);
      closing.add(() => child.kill());
      return child;
    },
  };
}
