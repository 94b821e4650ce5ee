// A real Envoy for tests: started with a bootstrap, watched through its admin port, gone with the test.
// Entry: startEnvoy, and validate for `--mode validate`. The binary comes from demo/envoy-binary.ts.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findEnvoy } from '../../demo/envoy-binary.ts';
import { encodeMessage } from '../../operator/envoy/proto/registry.ts';
import type { EnvoyMessage } from '../../operator/envoy/proto/envoy-message.ts';
import { type Admin, adminAt } from './envoy/admin.ts';
import { startChild } from './kubernetes/child.ts';
import { poll } from './kubernetes/poll.ts';

/** A bootstrap as our own message, or as JSON or YAML text as a user would write it. */
export type BootstrapInput = EnvoyMessage | string;

export interface EnvoyOptions {
  readonly bootstrap: BootstrapInput;
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs Envoy's command line somewhere else, for example in another network namespace. */
  readonly inside?: readonly string[];
  /** Where its files go, and what the bootstrap may name; a new one, removed by stop(), if not given. */
  readonly dir?: string;
  /** More command-line arguments, for example `--service-node`. */
  readonly args?: readonly string[];
  /** Default: hot restart is off. The first process of a family has epoch 0; the next ones take over from it. */
  readonly hotRestart?: { readonly epoch: number; readonly baseId: number };
}

export interface EnvoyProcess extends Admin {
  readonly dir: string;
  readonly adminPort: number;
  running(): boolean;
  /** For example SIGSTOP, and later SIGCONT. */
  signal(signal: NodeJS.Signals): void;
  /** What it has logged so far, by line. */
  log(): Promise<readonly string[]>;
  /**
   * Waits until `predicate` gives something else than false, null or undefined, and returns that.
   * @param deadlineMs default 60,000; the error then shows the end of Envoy's log
   */
  waitFor<T>(predicate: () => T | Promise<T>, deadlineMs?: number): Promise<T>;
  /** Ends it, and removes its folder if it made one. */
  stop(): Promise<void>;
}

/** The admin port of any bootstrap, chosen by the system: merged over what the bootstrap says. */
const adminOverlay = JSON.stringify({
  admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
});

const processArguments = ['--concurrency', '1'];

function restartArguments(hotRestart: EnvoyOptions['hotRestart']): readonly string[] {
  if (hotRestart === undefined) return ['--disable-hot-restart'];
  const { epoch, baseId } = hotRestart;
  return ['--base-id', String(baseId), '--restart-epoch', String(epoch)];
}

let binary: Promise<string> | undefined;

/** The Envoy that tests run; fetched once if need be. */
export async function envoyBinary(): Promise<string> {
  binary ??= findEnvoy({
    log: (line) => void process.stderr.write(`${line}\n`),
    // oxlint-disable-next-line node/no-process-env -- the settings of the test bed come from its user's shell
    path: process.env['MESHWRIGHT_ENVOY'],
    // oxlint-disable-next-line node/no-process-env -- as above
    cacheHome: process.env['XDG_CACHE_HOME'],
  });
  return binary;
}

/** Starts Envoy and waits until its admin port answers (not until it is ready: see `ready`). */
export async function startEnvoy(options: EnvoyOptions): Promise<EnvoyProcess> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'meshwright-envoy-')));
  await mkdir(dir, { recursive: true });
  const configPath = await writeBootstrap(dir, options.bootstrap);
  const addressPath = join(dir, 'admin-address');
  await rm(addressPath, { force: true });
  const logPath = join(dir, 'envoy.log');
  const variables = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`);
  const files = [
    '--config-path',
    configPath,
    '--config-yaml',
    adminOverlay,
    '--admin-address-path',
    addressPath,
  ];
  const child = await startChild(
    [
      ...(options.inside ?? []),
      'env',
      ...variables,
      await envoyBinary(),
      ...files,
      ...processArguments,
      ...restartArguments(options.hotRestart),
      ...(options.args ?? []),
    ],
    logPath,
  );
  const waitFor: EnvoyProcess['waitFor'] = async (predicate, deadlineMs = 60_000) => {
    try {
      return await poll(
        async () => {
          if (!child.running()) throw new Error('Envoy has ended');
          return (await predicate()) || undefined;
        },
        { intervalMs: 20, deadlineMs },
      );
    } catch (error) {
      throw new Error(`${String(error)}. The end of its log:\n${await child.tail()}`, { cause: error });
    }
  };
  const stop = async (): Promise<void> => {
    await child.kill();
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  };
  try {
    const adminPort = await waitFor(async () => portIn(await readFile(addressPath, 'utf8').catch(() => '')));
    const log = async (): Promise<readonly string[]> =>
      (await readFile(logPath, 'utf8')).split('\n').slice(0, -1);
    const running = (): boolean => child.running();
    const signal = (name: NodeJS.Signals): void => child.signal(name);
    return { ...adminAt(adminPort), dir, adminPort, running, signal, log, waitFor, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** `127.0.0.1:40123`, once it is there. */
function portIn(address: string): number {
  return Number(/:(\d+)\s*$/.exec(address)?.[1] ?? 0);
}

async function writeBootstrap(dir: string, bootstrap: BootstrapInput): Promise<string> {
  // Envoy tells the format by the name: `.pb` is the encoded message.
  const path = join(dir, typeof bootstrap === 'string' ? 'bootstrap.yaml' : 'bootstrap.pb');
  const content =
    typeof bootstrap === 'string'
      ? bootstrap
      : encodeMessage('envoy.config.bootstrap.v3.Bootstrap', bootstrap);
  await writeFile(path, content);
  return path;
}

/** What Envoy says of a bootstrap: null when it takes it, else its error. */
export async function validate(bootstrap: BootstrapInput): Promise<string | null> {
  const dir = await mkdtemp(join(tmpdir(), 'meshwright-validate-'));
  try {
    const configPath = await writeBootstrap(dir, bootstrap);
    const parameters = ['--mode', 'validate', '--config-path', configPath, '--log-level', 'error'];
    await promisify(execFile)(await envoyBinary(), [
      ...parameters,
      '--disable-hot-restart',
      '--concurrency',
      '1',
    ]);
    return null;
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    if (stderr === undefined) throw error;
    return stderr.trim();
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
