// A server process and a client process, each pinned to a core of its own, and what can be asked of them.
import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import {
  monotonicMs,
  type Change,
  type ClientCommand,
  type Collected,
  type Ready,
  type ServerCommand,
  type ServerOptions,
  type ServerUsage,
  type Staleness,
} from './protocol.ts';

const canPin = spawnSync('taskset', ['--version']).status === 0;
/** Those of the operator: docs/decisions/012-memory-of-the-operator.md. */
const heapOptions = ['--max-semi-space-size=16'];
const cores = { server: 0, client: Math.min(1, availableParallelism() - 1) };

export class World {
  readonly options: ServerOptions;
  private readonly server: ChildProcess;
  private client: ChildProcess | null = null;
  private isReady: Ready | null = null;

  constructor(options: ServerOptions) {
    this.options = options;
    this.server = child('./server.ts', [JSON.stringify(options)], cores.server);
  }

  /** `keepVersions`: the clients remember what they have, for a reconnect. */
  async start(keepVersions: boolean): Promise<Ready> {
    const ready = await ask<Ready>(this.server, null);
    this.isReady = ready;
    const { proxies, endpoints } = this.options;
    const args = [JSON.stringify({ proxies, endpoints, ready }), ...(keepVersions ? ['keep-versions'] : [])];
    this.client = child('./client.ts', args, cores.client);
    await ask(this.client, null);
    return ready;
  }

  get ready(): Ready {
    if (this.isReady === null) throw new Error('the server has not started');
    return this.isReady;
  }

  tell(command: ClientCommand): void {
    this.clients().send(command);
  }

  collect(): Promise<Collected> {
    return ask<Collected>(this.clients(), { type: 'collect' });
  }

  delays(sinceMs: number): Promise<readonly number[]> {
    return ask(this.clients(), { type: 'delays', sinceMs });
  }

  staleness(changes: readonly Change[]): Promise<Staleness> {
    return ask(this.clients(), { type: 'staleness', changes });
  }

  usage(): Promise<ServerUsage> {
    return ask<ServerUsage>(this.server, { type: 'usage' });
  }

  /** The changes of a churn. */
  changes(): Promise<readonly Change[]> {
    return ask(this.server, { type: 'changes' });
  }

  /** When the server began with it, on the monotonic clock. */
  async event(command: ServerCommand): Promise<number> {
    return (await ask<{ atMs: number }>(this.server, command)).atMs;
  }

  /** Polls until all proxies have everything. */
  async complete(deadlineMs: number): Promise<Collected> {
    const until = monotonicMs() + deadlineMs;
    for (;;) {
      const now = await this.collect();
      if (now.completeAtMs > 0 || monotonicMs() > until) return now;
      await pause(100);
    }
  }

  /** Polls until nothing has arrived for so long. */
  async quiet(ms: number): Promise<Collected> {
    let last = await this.collect();
    for (;;) {
      await pause(ms);
      const now = await this.collect();
      if (now.messages === last.messages) return now;
      last = now;
    }
  }

  end(): void {
    this.client?.disconnect();
    this.server.disconnect();
  }

  private clients(): ChildProcess {
    if (this.client === null) throw new Error('the clients have not started');
    return this.client;
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function child(file: string, args: readonly string[], core: number): ChildProcess {
  const program = new URL(file, import.meta.url).pathname;
  const nodeArgs = ['--expose-gc', ...heapOptions];
  const execPath = canPin ? 'taskset' : process.execPath;
  const execArgv = canPin ? ['-c', String(core), process.execPath, ...nodeArgs] : nodeArgs;
  return fork(program, args, { execPath, execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

function ask<T>(of: ChildProcess, command: ServerCommand | ClientCommand | null): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`a benchmark process ended with ${code}`));
    of.once('exit', ended);
    of.once('message', (answer) => {
      of.off('exit', ended);
      resolve(answer as T);
    });
    if (command !== null) of.send(command);
  });
}
