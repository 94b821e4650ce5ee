// The processes of a benchmark: the server alone on its core, everything else on another one.
import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, cpus } from 'node:os';

const canPin = spawnSync('taskset', ['--version']).status === 0;
const cores = { server: 0, others: Math.min(1, availableParallelism() - 1) } as const;

/** This process, and what it starts from now on, stay off the server's core. */
export function leaveServerCore(): void {
  if (canPin) spawnSync('taskset', ['-a', '-c', '-p', String(cores.others), String(process.pid)]);
}

/** How long the two cores have worked, whoever for; since the machine started. */
export function busyMs(): Readonly<Record<keyof typeof cores, number>> {
  const all = cpus();
  const of = (core: number): number => {
    const times = all[core]?.times;
    return times === undefined ? Number.NaN : times.user + times.nice + times.sys + times.irq;
  };
  return { server: of(cores.server), others: of(cores.others) };
}

/** Something that was started. */
export interface Ending {
  end(): Promise<void>;
}

/** The last one first, whatever fails on the way. */
export async function endAll(started: Ending[]): Promise<void> {
  for (const part of started.splice(0).toReversed()) {
    await part.end().catch((error: unknown) => process.stderr.write(`not ended: ${String(error)}\n`));
  }
}

/** A process that ends with this one, and can be asked one thing at a time. */
export class Child implements Ending {
  private readonly process: ChildProcess;
  private readonly name: string;

  constructor(name: string, process: ChildProcess) {
    this.name = name;
    this.process = process;
  }

  tell(message: object): void {
    this.process.send(message);
  }

  /** The answer to a message; null: what it says by itself next. */
  ask<T>(message: object | null): Promise<T> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null, signal: string | null): void =>
        reject(new Error(`the ${this.name} ended: ${signal ?? code}`));
      if (!this.process.connected) ended(this.process.exitCode, this.process.signalCode);
      this.process.once('exit', ended);
      this.process.once('message', (answer) => {
        this.process.off('exit', ended);
        resolve(answer as T);
      });
      if (message !== null && this.process.connected) this.process.send(message);
    });
  }

  async end(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = once(this.process, 'exit');
    if (this.process.connected) this.process.disconnect();
    else this.process.kill();
    await exited;
  }
}

/** Those of the operator: docs/decisions/012-memory-of-the-operator.md. */
export const heapOptions = ['--max-semi-space-size=16'];

/** Node on a file of this folder, which gets the options as its first message. */
export function startChild(file: 'server' | 'operator' | 'client', options: object): Child {
  const program = new URL(`./${file}.ts`, import.meta.url).pathname;
  const core = file === 'client' ? cores.others : cores.server;
  const nodeArgs = ['--expose-gc', ...heapOptions];
  const execPath = canPin ? 'taskset' : process.execPath;
  const execArgv = canPin ? ['-c', String(core), process.execPath, ...nodeArgs] : nodeArgs;
  const child = fork(program, {
    execPath,
    execArgv,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.send(options);
  return new Child(file, child);
}

/** The command for something that is to run on the server's core alone. */
export function onServerCore(command: readonly string[]): readonly string[] {
  return canPin ? ['taskset', '-c', String(cores.server), ...command] : command;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
