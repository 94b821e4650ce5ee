// One real Envoy beside one workload: how it is started, and what it tells of itself on its admin port.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Children } from '../process/children.ts';
import { waitFor } from '../process/wait.ts';
import { getText } from './http-text.ts';
import { bootstrapFile } from './sidecar-folder.ts';
import type { Workload } from './workloads.ts';

/** What moves when a listener or a cluster is added, changed or removed. */
export const changeCounters = [
  'listener_manager.listener_added',
  'listener_manager.listener_modified',
  'listener_manager.listener_in_place_updated',
  'listener_manager.listener_removed',
  'cluster_manager.cluster_added',
  'cluster_manager.cluster_modified',
  'cluster_manager.cluster_removed',
] as const;
export type Counters = Readonly<Record<string, number>>;

const Stats = z.object({
  stats: z.array(z.object({ name: z.string().optional(), value: z.number().optional() })),
});

export interface SidecarSpec {
  readonly workload: Workload;
  /** Path of the Envoy binary. */
  readonly envoy: string;
  /** Where it is started, with its bootstrap and its certificate: see sidecar-folder.ts. */
  readonly folder: string;
  readonly adminPort: number;
  readonly logs: string;
}

export class Sidecar {
  readonly #spec: SidecarSpec;

  constructor(spec: SidecarSpec) {
    this.#spec = spec;
  }

  get adminPort(): number {
    return this.#spec.adminPort;
  }

  async start(children: Children): Promise<void> {
    const { workload, envoy, folder, logs } = this.#spec;
    const alone = ['--concurrency', '1', '--disable-hot-restart'];
    // Access logs are written at least this often; the default of 10 s is long for who watches.
    const logging = ['--log-level', 'warning', '--file-flush-interval-msec', '200'];
    // A changed listener, for example of another mTLS mode, lets connections of before go on this long (else: 10 min).
    const draining = ['--drain-time-s', '5', '--drain-strategy', 'immediate'];
    await children.start({
      name: `the sidecar of ${workload.name}`,
      command: envoy,
      args: ['--config-path', bootstrapFile, ...alone, ...logging, ...draining],
      cwd: folder,
      stdout: this.#accessLog(),
      stderr: join(logs, `${workload.name}.envoy.stderr`),
    });
  }

  /** Resolves when its configuration is there and it takes traffic. */
  async live(signal: AbortSignal): Promise<void> {
    const { name } = this.#spec.workload;
    const probe = async (): Promise<true | undefined> =>
      (await getText(this.adminPort, '/ready'))?.startsWith('LIVE') ? true : undefined;
    const seen = (): string => `Its log is ${join(this.#spec.logs, `${name}.envoy.stderr`)}.`;
    await waitFor(probe, { what: `the sidecar of ${name} to be ready`, deadlineMs: 30_000, signal, seen });
  }

  /** Resolves when it knows as many endpoints of each of these Services of its namespace, without a call. */
  async reaches(services: ReadonlyMap<string, number>, signal: AbortSignal): Promise<void> {
    const { name, namespace } = this.#spec.workload;
    const probe = async (): Promise<true | undefined> => {
      const endpoints = [...(await this.#stats(`^cluster\\.${namespace}/.*\\.membership_healthy$`))];
      const isKnown = ([service, count]: readonly [string, number]): boolean =>
        endpoints.some(
          ([key, value]) => key.startsWith(`cluster.${namespace}/${service}/`) && value >= count,
        );
      return [...services].every(isKnown) ? true : undefined;
    };
    const what = `the sidecar of ${name} to know where ${[...services.keys()].join(', ')} are`;
    await waitFor(probe, { what, deadlineMs: 30_000, everyMs: 50, signal });
  }

  /** The present values of counters and gauges; 0 for one that does not exist yet. */
  async counters(names: readonly string[]): Promise<Counters> {
    const stats = await this.#stats(`^(${names.map((name) => name.replaceAll('.', '\\.')).join('|')})$`);
    return Object.fromEntries(names.map((name) => [name, stats.get(name) ?? 0]));
  }

  async sumOf(names: RegExp): Promise<number> {
    const stats = await this.#stats(names.source);
    return [...stats.values()].reduce((sum, value) => sum + value, 0);
  }

  /** The last line of its access log that has the text, once there is one. */
  logLine(text: string, signal: AbortSignal): Promise<string> {
    const probe = async (): Promise<string | undefined> =>
      // Without the last one: it may not be written to its end yet.
      (await readFile(this.#accessLog(), 'utf8'))
        .split('\n')
        .slice(0, -1)
        .findLast((line) => line.includes(text));
    const what = `a line with ${text} in the access log ${this.#accessLog()}`;
    return waitFor(probe, { what, deadlineMs: 30_000, signal });
  }

  #accessLog(): string {
    return join(this.#spec.logs, `${this.#spec.workload.name}.access.log`);
  }

  async #stats(filter: string): Promise<ReadonlyMap<string, number>> {
    const text = await getText(this.adminPort, `/stats?format=json&filter=${encodeURIComponent(filter)}`);
    const { stats } = text === undefined ? { stats: [] } : Stats.parse(JSON.parse(text));
    return new Map(stats.map(({ name = '', value = 0 }) => [name, value]));
  }
}
