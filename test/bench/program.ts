// The operator as it is shipped, watched from outside: what it costs is what the kernel says. Nothing of the benchmark runs in it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { imageContents } from '../../deploy/image-contents.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { type Ending, onServerCore } from './processes.ts';
import { monotonicMs } from './protocol.ts';

/** What the operator writes once it serves. */
const ReadyFile = z.object({ xdsPort: z.number(), adminPort: z.number() });
const startDeadlineMs = 60_000;

export class Program implements Ending {
  readonly xdsPort: number;
  readonly adminPort: number;
  /** From the start of the process until it served its first snapshot. */
  readonly startMs: number;
  readonly startCpuMs: number;
  private readonly process: ChildProcess;

  private constructor(process: ChildProcess, ready: Started) {
    this.process = process;
    this.xdsPort = ready.xdsPort;
    this.adminPort = ready.adminPort;
    this.startMs = ready.startMs;
    this.startCpuMs = ready.startCpuMs;
  }

  /** Alone on the server's core. Resolves when it serves. */
  static async start(command: readonly string[], kubeconfig: string): Promise<Program> {
    const folder = mkdtempSync(join(tmpdir(), 'meshwright-bench-'));
    const readyFile = join(folder, 'ready.json');
    const listen = ['--xds-address', '127.0.0.1:0', '--admin-address', '127.0.0.1:0'];
    const options = ['--kubeconfig', kubeconfig, '--log-level', 'warn', '--ready-file', readyFile];
    const [file = '', ...args] = onServerCore([...command, ...listen, ...options]);
    const startedAtMs = monotonicMs();
    const env = { ...process.env, ...imageContents.env };
    const child = spawn(file, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
    try {
      const ports = await poll(() => readyAt(readyFile, child), {
        intervalMs: 5,
        deadlineMs: startDeadlineMs,
      });
      const startMs = monotonicMs() - startedAtMs;
      return new Program(child, { ...ports, startMs, startCpuMs: cpuMsOf(child) });
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** On the processor since the start, all threads, user and system. */
  cpuMs(): number {
    return cpuMsOf(this.process);
  }

  /** Resident memory. */
  rssMb(): number {
    const [, kb] =
      /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.process.pid}/status`, 'utf8')) ?? [];
    return Number(kb) / 1024;
  }

  /** As Kubernetes ends it. */
  async end(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await exited;
  }
}

interface Started extends z.infer<typeof ReadyFile> {
  readonly startMs: number;
  readonly startCpuMs: number;
}

async function readyAt(path: string, child: ChildProcess): Promise<z.infer<typeof ReadyFile> | undefined> {
  if (child.exitCode !== null) throw new Error(`the operator ended: ${child.exitCode}`);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : ReadyFile.parse(JSON.parse(text));
}

/** In nanoseconds, where /proc/PID/stat counts hundredths of a second. A thread of Node's ends with its process. */
function cpuMsOf({ pid }: ChildProcess): number {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks)
    .map((task) => Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6)
    .reduce((sum, ms) => sum + ms, 0);
}
