// Replicas of the server with one content, each on a port of its own that it keeps over restarts. Entry: Replicas.
import type { AdsServerOptions } from '../../operator/xds/server/options.ts';
import type { XdsResource } from '../../operator/envoy/resources/xds-resource.ts';
import { freePort } from './kubernetes/free-port.ts';
import { startXds, type Counted, type RunningXds } from './xds-server.ts';

export class Replicas {
  readonly ports: readonly number[];
  private readonly workload: string;
  private readonly running = new Map<number, RunningXds>();
  private latest: readonly XdsResource[] = [];

  private constructor(workload: string, ports: readonly number[]) {
    this.workload = workload;
    this.ports = ports;
  }

  /** None of them runs yet. `workload`: the key of the one proxy. */
  static async reserve(workload: string, count: number): Promise<Replicas> {
    const ports: number[] = [];
    // oxlint-disable-next-line no-await-in-loop -- each port is given out once
    while (ports.length < count) ports.push(await freePort());
    return new Replicas(workload, ports);
  }

  async start(index: number, options: Partial<AdsServerOptions> = {}): Promise<Counted> {
    const xds = await startXds({ address: `127.0.0.1:${this.ports[index]}`, ...options });
    this.running.set(index, xds);
    xds.publish({ [this.workload]: this.latest });
    return xds.counted;
  }

  /** What the replica has done since it started. */
  counted(index: number): Counted {
    const xds = this.running.get(index);
    if (xds === undefined) throw new Error(`replica ${index} does not run`);
    return xds.counted;
  }

  async stop(index: number): Promise<void> {
    const xds = this.running.get(index);
    this.running.delete(index);
    await xds?.stop();
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.running.keys()].map((index) => this.stop(index)));
  }

  publish(resources: readonly XdsResource[]): void {
    this.latest = resources;
    for (const xds of this.running.values()) xds.publish({ [this.workload]: resources });
  }

  /** Of each stream of the proxy: which replica it is on, and whether it has all that it takes. */
  streams(): readonly {
    readonly index: number;
    readonly isSettled: boolean;
    readonly rejected: readonly string[];
  }[] {
    return [...this.running].flatMap(([index, { server }]) =>
      server.proxies().flatMap(({ leftAtMs, atRest, lagging, rejected }) => {
        if (leftAtMs !== null) return [];
        const isSettled = atRest && lagging.length === rejected.length;
        return [{ index, isSettled, rejected: rejected.map(({ name }) => name) }];
      }),
    );
  }

  /** There are so many streams, and each has acknowledged all that it takes. */
  areSettled(count = 1): boolean {
    const streams = this.streams();
    return streams.length === count && streams.every((it) => it.isSettled);
  }
}
