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
  const { around, mesh } = stage;
  const folder = join(around.workspace.root, 'telemetry');
  mkdirSync(folder);
  const pluginOutput = await startReceivers(stage, folder);
  const prometheusUrl = await startPrometheus(stage, folder);
  const client = new PrometheusClient(prometheusUrl);
  await waitFor(async () => ((await client.isReady()) ? true : undefined), {
    what: 'Prometheus to be ready',
    deadlineMs: 30_000,
    signal: around.signal,
  });
  const { admin } = mesh.operator.ports;
  const sources = [
    { name: 'Prometheus', tells: noRefusals, read: () => readPrometheus(client, 'destination') },
    { name: 'of callers', tells: noRefusals, read: () => readPrometheus(client, 'source') },
    { name: 'collector', tells: everything, read: () => readCollector(folder) },
    { name: 'plug-in', tells: isForPlugin, read: () => readPlugin(pluginOutput) },
    { name: 'dashboard', tells: isOnDashboard, read: () => readDashboard(admin) },
  ];
  return {
    prometheusUrl,
    bounds: () => bucketBounds(client),
    read: () =>
      Promise.all(sources.map(async ({ name, tells, read }) => ({ name, tells, readings: await read() }))),
  };
}

/** Those that the operator sends to. Resolves to the file to which the plug-in prints. */
async function startReceivers({ around, mesh, programs }: TelemetryStage, folder: string): Promise<string> {
  const { logs } = around.workspace;
  const port = (name: string): number => mesh.ports.get(name) ?? 0;
  const configuration = join(folder, 'collector.yaml');
  await writeCollectorConfiguration(configuration, folder, { grpc: port('collector') });
  await around.children.start({
    name: 'the OpenTelemetry Collector',
    command: programs.collector,
    args: ['--config', configuration],
    cwd: projectPath('.'),
    ...outputsOf('collector', logs),
  });
  const output = outputsOf('plugin', logs);
  await around.children.start({
    name: 'the plug-in',
    command: process.execPath,
    args: [pluginProgram, 'api/plugin/telemetry.proto', `127.0.0.1:${port('plugin')}`],
    cwd: projectPath('.'),
    ...output,
  });
  return output.stdout;
}

/** Resolves to its URL. */
async function startPrometheus({ around, mesh, programs }: TelemetryStage, folder: string): Promise<string> {
  const { admin } = mesh.operator.ports;
  const configuration = join(folder, 'prometheus.yaml');
  await writePrometheusConfiguration(configuration, [
    { job: 'meshwright-operator', path: '/metrics', port: admin },
    { job: 'meshwright-traffic', path: '/metrics/traffic', port: admin },
  ]);
  const address = `127.0.0.1:${around.ports.take()}`;
  await around.children.start({
    name: 'Prometheus',
    command: programs.prometheus,
    args: [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${join(folder, 'prometheus')}`,
      `--web.listen-address=${address}`,
    ],
    cwd: projectPath('.'),
    ...outputsOf('prometheus', around.workspace.logs),
  });
  return `http://${address}`;
}

function outputsOf(name: string, logs: string): { readonly stdout: string; readonly stderr: string } {
  return { stdout: join(logs, `${name}.stdout`), stderr: join(logs, `${name}.stderr`) };
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
