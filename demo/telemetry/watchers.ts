// Starts what watches the shop: a Prometheus, an OpenTelemetry Collector and a plug-in. Entry: startWatchers.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningMesh, Surroundings } from '../mesh/running.ts';
import { projectPath } from '../process/children.ts';
import { waitFor } from '../process/wait.ts';
import type { Screen } from '../screen/screen.ts';
import { readCollector } from './collector.ts';
import { readDashboard } from './dashboard.ts';
import { anyone, type Figure, type Source } from './figures.ts';
import { writeCollectorConfiguration } from './otlp-files.ts';
import { pluginProgram, readPlugin } from './plugin.ts';
import {
  bucketBounds,
  PrometheusClient,
  readPrometheus,
  writePrometheusConfiguration,
} from './prometheus.ts';

/** Paths of the programs. */
export interface Programs {
  readonly prometheus: string;
  readonly collector: string;
}

export interface TelemetryStage {
  readonly mesh: RunningMesh;
  readonly around: Surroundings;
  readonly programs: Programs;
  readonly screen: Screen;
}

export interface Watchers {
  readonly prometheusUrl: string;
  readonly bounds: () => Promise<readonly number[]>;
  readonly read: () => Promise<readonly Source[]>;
}

export async function startWatchers(stage: TelemetryStage): Promise<Watchers> {
  const { around, mesh, programs } = stage;
  const { admin } = mesh.operator.ports;
  const folder = join(around.workspace.root, 'telemetry');
  mkdirSync(folder);
  const files = (name: string): { readonly stdout: string; readonly stderr: string } => ({
    stdout: join(around.workspace.logs, `${name}.stdout`),
    stderr: join(around.workspace.logs, `${name}.stderr`),
  });
  const start = async (
    name: string,
    file: string,
    command: string,
    args: readonly string[],
  ): Promise<void> => {
    await around.children.start({ name, command, args, cwd: projectPath('.'), ...files(file) });
  };
  const port = (name: string): number => mesh.ports.get(name) ?? 0;

  const collector = join(folder, 'collector.yaml');
  await writeCollectorConfiguration(collector, folder, { grpc: port('collector') });
  await start('the OpenTelemetry Collector', 'collector', programs.collector, ['--config', collector]);
  const plugin = [pluginProgram, 'api/plugin/telemetry.proto', `127.0.0.1:${port('plugin')}`];
  await start('the plug-in', 'plugin', process.execPath, plugin);

  const prometheus = join(folder, 'prometheus.yaml');
  await writePrometheusConfiguration(prometheus, [
    { job: 'meshwright-operator', path: '/metrics', port: admin },
    { job: 'meshwright-traffic', path: '/metrics/traffic', port: admin },
  ]);
  const address = `127.0.0.1:${around.ports.take()}`;
  await start('Prometheus', 'prometheus', programs.prometheus, [
    `--config.file=${prometheus}`,
    `--storage.tsdb.path=${join(folder, 'prometheus')}`,
    `--web.listen-address=${address}`,
  ]);
  const client = new PrometheusClient(`http://${address}`);
  await waitFor(async () => ((await client.isReady()) ? true : undefined), {
    what: 'Prometheus to be ready',
    deadlineMs: 30_000,
    signal: around.signal,
  });
  return {
    prometheusUrl: `http://${address}`,
    bounds: () => bucketBounds(client),
    read: async () =>
      Promise.all(
        [
          { name: 'Prometheus', tells: noRefusals, read: () => readPrometheus(client, 'destination') },
          { name: 'of callers', tells: noRefusals, read: () => readPrometheus(client, 'source') },
          { name: 'collector', tells: everything, read: () => readCollector(folder) },
          { name: 'plug-in', tells: isForPlugin, read: () => readPlugin(files('plugin').stdout) },
          { name: 'dashboard', tells: isOnDashboard, read: () => readDashboard(admin) },
        ].map(async ({ name, tells, read }) => ({ name, tells, readings: await read() })),
      ),
  };
}

const everything = (): boolean => true;

/** By rule, they are on the operator's own page, and counted by caller as 4xx. */
function noRefusals({ what }: Figure): boolean {
  return what !== 'refused';
}

/** The example prints how many each workload has served, and who was refused. */
function isForPlugin({ what, from }: Figure): boolean {
  return what === 'refused' || (what === 'requests' && from === anyone);
}

/** What fails, not what was asked for wrongly. */
function isOnDashboard({ what }: Figure): boolean {
  return what !== 'refused' && what !== '4xx';
}
