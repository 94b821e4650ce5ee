// A server process and a client process, and what can be asked of them. The mesh is changed in the server's own store, or on a
// Kubernetes API server that the server watches.
import { startCluster, type Cluster } from './api/cluster.ts';
import { type Child, busyMs, type Ending, pause, startChild } from './processes.ts';
import {
  monotonicMs,
  type Change,
  type ClientCommand,
  type ClientOptions,
  type Collected,
  type Edit,
  type Listening,
  type MeasureCommand,
  type OperatorOptions,
  type Ready,
  type ServerOptions,
  type ServerUsage,
  type Staleness,
} from './protocol.ts';

export interface WorldOptions extends ServerOptions {
  /** Through a real API server, with the whole operator. */
  readonly isApi: boolean;
}

export interface Usage extends ServerUsage {
  readonly atMs: number;
  /** Of the server's core, and of that of the clients and the API server: whoever worked there. */
  readonly busy: ReturnType<typeof busyMs>;
}

export class World {
  readonly options: WorldOptions;
  readonly startMs: number;
  private readonly server: Child;
  private readonly client: Child;
  private readonly cluster: Cluster | null;

  private constructor(options: WorldOptions, parts: Parts) {
    this.options = options;
    this.startMs = parts.startMs;
    this.server = parts.server;
    this.client = parts.client;
    this.cluster = parts.cluster;
  }

  /** Nobody is connected yet. `started`: takes what is to be ended, also if a part does not start. */
  static async start(options: WorldOptions, started: Ending[]): Promise<World> {
    const cluster = options.isApi ? await startCluster(options, started) : null;
    const server =
      cluster === null ? startChild('server', options) : startChild('operator', operatorOptions(cluster));
    started.push(server);
    const ready = await server.ask<Listening & Partial<Ready>>(null);
    const certificates = cluster === null ? (ready.certificates ?? null) : await cluster.certificates();
    const podUids = cluster === null ? null : await cluster.podUids();
    const { proxies, services, endpoints, policies } = options;
    const { port, startMs } = ready;
    const clientOptions: ClientOptions = {
      proxies,
      services,
      endpoints,
      policies,
      ready: { port, startMs, certificates, podUids },
    };
    const client = startChild('client', clientOptions);
    started.push(client);
    await client.ask(null);
    return new World(options, { server, client, cluster, startMs });
  }

  tell(command: ClientCommand): void {
    this.client.tell(command);
  }

  collect(): Promise<Collected> {
    return this.client.ask({ type: 'collect' } satisfies ClientCommand);
  }

  /** The proxies are ready for a reconnect. */
  async prepare(): Promise<void> {
    await this.client.ask({ type: 'prepare' } satisfies ClientCommand);
  }

  delays(sinceMs: number): Promise<readonly number[]> {
    return this.client.ask({ type: 'delays', sinceMs } satisfies ClientCommand);
  }

  staleness(changes: readonly Change[]): Promise<Staleness> {
    return this.client.ask({ type: 'staleness', changes } satisfies ClientCommand);
  }

  async usage(): Promise<Usage> {
    const usage = await this.server.ask<ServerUsage>({ type: 'usage' } satisfies MeasureCommand);
    return { ...usage, atMs: monotonicMs(), busy: busyMs() };
  }

  async collectGarbage(): Promise<void> {
    await this.server.ask({ type: 'collect-garbage' } satisfies MeasureCommand);
  }

  /** Begins a CPU profile of the server; with a file, ends it. */
  async profile(file: string | null): Promise<void> {
    await this.server.ask({ type: 'profile', file } satisfies MeasureCommand);
  }

  /** Resolves to the moment just before the store, or the API server, was told; on the monotonic clock. */
  async edit(edit: Edit): Promise<number> {
    if (this.cluster !== null) return await this.cluster.edits.perform(edit);
    return (await this.server.ask<{ atMs: number }>(edit)).atMs;
  }

  /** The changes of a churn. */
  async changes(): Promise<readonly Change[]> {
    return this.cluster?.edits.changes() ?? (await this.server.ask({ type: 'changes' }));
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

  /** Polls until so many messages have arrived since `mark`. */
  async heard(messages: number, deadlineMs: number): Promise<void> {
    const until = monotonicMs() + deadlineMs;
    while ((await this.collect()).messages < messages && monotonicMs() < until) await pause(50);
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
}

interface Parts {
  readonly server: Child;
  readonly client: Child;
  readonly cluster: Cluster | null;
  readonly startMs: number;
}

function operatorOptions({ kubeconfig }: Cluster): OperatorOptions {
  return { kubeconfig };
}
