// A real Kubernetes API server for tests: etcd and kube-apiserver on free loopback ports, no nodes, no
// controllers. Entries: apiServerAvailable, startApiServer.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Assets, findAssets, findNewest } from './kubernetes/assets.ts';
import { ControlPlane, type OtherApiServer } from './kubernetes/control-plane.ts';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  /** A user of system:masters, by token. */
  readonly kubeconfigPath: string;
  readonly binDir: string;
  /** Runs kubectl against this server; a failure is a code, not an error. */
  kubectl(args: readonly string[], stdin?: string): Promise<CommandResult>;
  /** Kills kube-apiserver; etcd keeps the objects. */
  stopServer(): Promise<void>;
  /** Starts kube-apiserver again on the same port; resolves when it is ready. */
  startAgain(): Promise<void>;
  /** One more with the same objects, as in a cluster with several. more: arguments of this one. */
  startAnother(more?: readonly string[]): Promise<OtherApiServer>;
  /** Of the same user, by way of another port of this machine. */
  writeKubeconfig(path: string, port: number): Promise<void>;
  /** Ends everything and removes its state. */
  stop(): Promise<void>;
}

/** newest: with what the usual one does not have. */
type Version = 'usual' | 'newest';
const find: Readonly<Record<Version, () => Promise<Assets>>> = { usual: findAssets, newest: findNewest };

/** Whether startApiServer can work here; the reason is a sentence for the person who runs the tests. */
export async function apiServerAvailable(
  version: Version = 'usual',
): Promise<{ available: true } | { available: false; reason: string }> {
  const assets = await find[version]();
  if (assets.found) return { available: true };
  return { available: false, reason: `There are no binaries for a test API server. ${assets.reason}` };
}

/** Starts an empty cluster; 2 to 5 seconds. Call stop() in the test that started it. more: arguments of the API server. */
export async function startApiServer(
  version: Version = 'usual',
  more: readonly string[] = [],
): Promise<ApiServer> {
  const assets = await find[version]();
  if (!assets.found) throw new Error(`There are no binaries for a test API server. ${assets.reason}`);
  const stateDir = await mkdtemp(join(tmpdir(), 'meshwright-kubernetes-'));
  const controlPlane = await ControlPlane.create(assets.binDir, stateDir, more);
  const stop = async (): Promise<void> => {
    await controlPlane.stop();
    await rm(stateDir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await controlPlane.start();
  } catch (cause) {
    await stop();
    throw cause;
  }
  return {
    url: controlPlane.url,
    port: controlPlane.port,
    kubeconfigPath: controlPlane.kubeconfigPath,
    binDir: assets.binDir,
    kubectl: (args, stdin) =>
      runKubectl(
        [
          join(assets.binDir, 'kubectl'),
          `--kubeconfig=${controlPlane.kubeconfigPath}`,
          `--cache-dir=${join(stateDir, 'kubectl-cache')}`,
          ...args,
        ],
        stdin,
      ),
    stopServer: () => controlPlane.stopApiServer(),
    startAgain: () => controlPlane.startApiServer(),
    startAnother: (args) => controlPlane.startAnother(args),
    writeKubeconfig: (path, port) => controlPlane.writeKubeconfig(path, port),
    stop,
  };
}

async function runKubectl([program = '', ...args]: readonly string[], stdin = ''): Promise<CommandResult> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const exited = once(child, 'close');
  // A kubectl that does not read its input closes the pipe early; its exit code says what happened.
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { code: child.exitCode ?? 1, stdout, stderr };
}
