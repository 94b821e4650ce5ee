// The programs of a cluster that the test API server does not have: Kubernetes' own, CoreDNS, and pause. Built from
// their Go modules, once for each version, into the user's cache. Entries: findPrograms, buildPrograms.
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce, type Say } from '../../demo/programs/build-once.ts';
import { cacheFolder, missingFrom } from '../../demo/programs/cache.ts';
import { go } from '../../demo/programs/go.ts';
import { binaries, cacheDir, findNewest, kubernetesVersion } from '../support/kubernetes/assets.ts';
import { buildApiServer, buildKubernetes } from '../support/kubernetes/build.ts';
import type { ProgramFolders } from './components.ts';

const corednsVersion = '1.12.4';
const kubernetesPrograms = ['kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy'];
const nodePrograms = [...kubernetesPrograms, 'coredns', 'pause'];
const sources = join(import.meta.dirname, 'programs');

/** The folders, or undefined if something in them is not built yet. */
export async function findPrograms(): Promise<ProgramFolders | undefined> {
  const node = await nodeFolder();
  const folders = { apiServer: cacheDir(), kubelet: node, node };
  const missing = await Promise.all([
    missingFrom(folders.apiServer, binaries),
    missingFrom(folders.node, nodePrograms),
  ]);
  return missing.flat().length === 0 ? folders : undefined;
}

/**
 * The newest API server and kubelet beside the other programs, which are older by more than Kubernetes supports: enough for pods to run.
 * undefined: something is not built yet.
 */
export async function findNewestPrograms(): Promise<ProgramFolders | undefined> {
  const [usual, newest] = [await findPrograms(), await findNewest()];
  if (usual === undefined || !newest.found) return undefined;
  return { ...usual, apiServer: newest.binDir, kubelet: newest.binDir };
}

/** Minutes with an empty cache. Needs Go. */
export async function buildPrograms(say: Say): Promise<ProgramFolders> {
  // One after the other: each uses all cores, and the second what the first compiled.
  const apiServer = await buildApiServer(say);
  const fill = async (work: string, out: string): Promise<void> => {
    await Promise.all([
      buildPause(work, out),
      buildKubernetes({ work, out, programs: kubernetesPrograms }, say),
      buildCoredns(work, out, say),
    ]);
  };
  const node = await buildOnce({ folder: await nodeFolder(), programs: nodePrograms, fill }, say);
  return { apiServer, kubelet: node, node };
}

/** Of its own for each version of anything in it. */
async function nodeFolder(): Promise<string> {
  const hash = createHash('sha256').update(corednsVersion);
  for (const name of ['pause', 'coredns']) {
    // oxlint-disable-next-line no-await-in-loop -- two small files, and the order counts
    hash.update(await readFile(join(sources, name, 'main.go')));
  }
  return cacheFolder(`node-${kubernetesVersion}-${hash.digest('hex').slice(0, 8)}`);
}

async function buildPause(work: string, out: string): Promise<void> {
  const cwd = await copySource(work, 'pause');
  await go(['mod', 'init', 'pause'], cwd);
  await go(buildCommand(join(out, 'pause')), cwd);
}

async function buildCoredns(work: string, out: string, say: Say): Promise<void> {
  say(`CoreDNS ${corednsVersion}`);
  const cwd = await copySource(work, 'coredns');
  await go(['mod', 'init', 'testbed'], cwd);
  await go(['get', `github.com/coredns/coredns@v${corednsVersion}`], cwd);
  // -e: tests of our dependencies' dependencies may not resolve, and are not built.
  await go(['mod', 'tidy', '-e'], cwd);
  await go(buildCommand(join(out, 'coredns')), cwd);
}

function buildCommand(output: string): string[] {
  return ['build', '-trimpath', '-ldflags', '-s -w', '-o', output, '.'];
}

async function copySource(work: string, name: string): Promise<string> {
  const cwd = join(work, name);
  await mkdir(cwd);
  await cp(join(sources, name), cwd, { recursive: true });
  return cwd;
}
