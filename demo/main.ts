// The embedded mesh: an operator, a small shop, a real Envoy beside each of its processes, and scenes that show what
// policies do, or what is counted of known calls. Entry of `make demo`; it leaves nothing behind.
import { rmSync } from 'node:fs';
import { explainError } from './demo-error.ts';
import { findEnvoy } from './envoy-binary.ts';
import { aborted, abortOnSignals, Interrupted } from './interrupted.ts';
import { Policies } from './mesh/policies.ts';
import {
  bringUp,
  firstAnswer,
  reachable,
  secretsFolder,
  type RunningMesh,
  type Surroundings,
} from './mesh/running.ts';
import { Statuses } from './mesh/statuses.ts';
import { createWorkspace } from './mesh/workspace.ts';
import { parseOptions, usage, type Options } from './options.ts';
import { Children, projectPath } from './process/children.ts';
import { reservePorts } from './process/ports.ts';
import { playAll } from './scenes/program.ts';
import { Stage } from './scenes/stage.ts';
import { Screen } from './screen/screen.ts';
import { stay } from './stay.ts';
import { goOn, playTelemetry } from './telemetry/play.ts';
import { findPrograms } from './telemetry/programs.ts';
import type { TelemetryStage } from './telemetry/watchers.ts';
import { closeConnections } from './traffic/call.ts';

const neededPorts = 40;

async function main(argv: readonly string[]): Promise<number> {
  const controller = new AbortController();
  try {
    // oxlint-disable-next-line node/no-process-env -- this is the demo's one reader of the environment
    const options = parseOptions(argv, process.env);
    if (options.help) process.stdout.write(usage);
    if (options.help) return 0;
    abortOnSignals(controller);
    return await runDemo(options, controller);
  } catch (error) {
    process.stderr.write(`${explainError(error)}\n`);
    return 1;
  }
}

/** Whatever happens, all processes are stopped and the folder is removed. Resolves to the exit code. */
async function runDemo(options: Options, controller: AbortController): Promise<number> {
  const { signal } = controller;
  const screen = new Screen({
    write: (text) => process.stdout.write(text),
    hasColors: process.stdout.isTTY && process.stdout.hasColors(),
  });
  const ports = await reservePorts(neededPorts);
  const workspace = createWorkspace();
  const children = new Children(options.keep ? undefined : workspace.root, (error) =>
    controller.abort(error),
  );
  try {
    return await Promise.race([
      play(options, screen, { workspace, ports, children, signal }),
      aborted(signal),
    ]);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    // Without --once there is no other way to end it: all is well.
    return options.once ? error.exitCode : 0;
  } finally {
    // Ends what still waits or calls: a scene that failed half-way has not done so.
    controller.abort();
    closeConnections();
    await children.stopAll();
    await ports.release();
    if (options.keep) screen.fact(`The folder stays: ${workspace.root}`);
    else rmSync(workspace.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

type Around = Omit<Surroundings, 'envoy'>;

/** Resolves to the exit code: 0 if every check held. Does not resolve if it is to stay. */
async function play(options: Options, screen: Screen, around: Around): Promise<number> {
  const start = performance.now();
  screen.paragraph(
    'Meshwright: an operator, a shop of three services, and a real Envoy beside each process. No cluster.',
  );
  const say = (line: string): void => screen.fact(line);
  const envoy = await findEnvoy({ ...options.envoy, log: say });
  const programs = options.telemetry ? await findPrograms(say) : null;
  const manifests = projectPath('demo/telemetry/manifests');
  const all = { ...around, envoy, ...(programs === null ? {} : { manifests }) };
  const mesh = await bringUp(all);
  say(`Up after ${seconds(start)}: ${mesh.sidecars.size} sidecars, in ${around.workspace.root}`);
  const played =
    programs === null
      ? await playScenes(mesh, screen, around)
      : await playCounts({ mesh, around: all, programs, screen });
  screen.heading(played.failed.length === 0 ? 'All checks passed' : 'Some checks failed');
  for (const text of played.failed) screen.check(false, text);
  say(`It took ${seconds(start)}.`);
  if (!options.once) return played.stay();
  return played.failed.length === 0 ? 0 : 1;
}

interface Played {
  /** Texts of the checks that failed. */
  readonly failed: readonly string[];
  /** What is to be seen after it. Never resolves. */
  readonly stay: () => Promise<never>;
}

async function playCounts(stage: TelemetryStage): Promise<Played> {
  const { wrong, prometheusUrl } = await playTelemetry(stage);
  return { failed: wrong, stay: () => goOn(stage, prometheusUrl) };
}

async function playScenes(mesh: RunningMesh, screen: Screen, around: Around): Promise<Played> {
  const { workspace, signal } = around;
  // The first answer needs one instance of each service; the calls after it may go to any.
  await reachable(mesh, signal);
  await firstAnswer(mesh, signal);
  screen.paragraph(
    'Each edit of a file below stands for kubectl apply; the tables are what kubectl get would print.',
  );
  const policies = new Policies(workspace, new Statuses(workspace.state, signal));
  const stage = new Stage({
    ...mesh,
    screen,
    policies,
    signal,
    secretsFolder: (workload) => secretsFolder(workspace, workload),
  });
  return { failed: await playAll(stage), stay: () => stay(stage, workspace) };
}

function seconds(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

process.exitCode = await main(process.argv.slice(2));
