// Builds etcd, kube-apiserver and kubectl from their Go modules into the cache folder of assets.ts, once for each
// version. Entry: `node test/support/kubernetes/build.ts [newest]`, which prints its progress; minutes with an empty cache.
// Its part buildKubernetes also makes the other programs of a cluster.
import { access, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { buildOnce, type Say } from '../../../demo/programs/build-once.ts';
import { hasGo } from '../../../demo/programs/cache.ts';
import { go } from '../../../demo/programs/go.ts';
import {
  binaries,
  cacheDir,
  etcdVersion,
  findAssets,
  kubernetesVersion,
  newestDir,
  newestKubernetes,
  newestPrograms,
} from './assets.ts';

/** What `go mod download -json` prints, as far as it is read here: the path of the module's go.mod. */
const ModuleDownload = z.object({ GoMod: z.string() });

/** Returns the folder with the binaries. A folder of that name exists only when all of them are in it. */
export async function build(say: Say): Promise<string> {
  const present = await findAssets();
  if (present.found) return present.binDir;
  if (!hasGo()) throw new Error(present.reason);
  return await buildApiServer(say);
}

/** The same, whatever KUBEBUILDER_ASSETS says: for a cluster, whose parts must be of one version. */
export async function buildApiServer(say: Say): Promise<string> {
  const fill = async (work: string, out: string): Promise<void> => {
    await Promise.all([
      buildEtcd(work, out, say),
      buildKubernetes({ work, out, programs: ['kube-apiserver', 'kubectl'] }, say),
    ]);
  };
  return await buildOnce({ folder: cacheDir(), programs: binaries, fill }, say);
}

/**
 * The newest Kubernetes, for what the other one does not have: only what has to be of that version is built, beside copies of the etcd and
 * the kubectl of the other.
 */
export async function buildNewest(say: Say): Promise<string> {
  const fill = async (work: string, out: string): Promise<void> => {
    const other = await buildApiServer(say);
    await Promise.all(['etcd', 'kubectl'].map((name) => copyFile(join(other, name), join(out, name))));
    const programs = ['kube-apiserver', 'kubelet'];
    await buildKubernetes({ work, out, programs, version: newestKubernetes }, say);
  };
  return await buildOnce({ folder: newestDir(), programs: newestPrograms, fill }, say);
}

async function buildEtcd(work: string, out: string, say: Say): Promise<void> {
  say(`etcd ${etcdVersion}`);
  const cwd = join(work, 'etcd');
  await mkdir(cwd);
  await writeFile(join(cwd, 'go.mod'), 'module testbed\n\ngo 1.24.0\n');
  await go(['get', `go.etcd.io/etcd/server/v3@v${etcdVersion}`], cwd);
  await go(
    ['build', '-trimpath', '-ldflags', '-s -w', '-o', join(out, 'etcd'), 'go.etcd.io/etcd/server/v3'],
    cwd,
  );
}

export interface KubernetesBuild {
  readonly work: string;
  readonly out: string;
  /** Folders below `cmd` of k8s.io/kubernetes. */
  readonly programs: readonly string[];
  readonly version?: string;
}

export async function buildKubernetes(
  { work, out, programs, version = kubernetesVersion }: KubernetesBuild,
  say: Say,
): Promise<void> {
  const cwd = join(work, 'kubernetes');
  await mkdir(cwd);
  say(`Kubernetes ${version}: modules`);
  const downloaded = await go(['mod', 'download', '-json', `k8s.io/kubernetes@v${version}`], cwd);
  const module = ModuleDownload.parse(JSON.parse(downloaded));
  await writeFile(join(cwd, 'go.mod'), goMod(await readFile(module.GoMod, 'utf8'), version));
  const imports = programs.map((name) => `\t_ "k8s.io/kubernetes/cmd/${name}"\n`).join('');
  await writeFile(join(cwd, 'tools.go'), `//go:build tools\n\npackage tools\n\nimport (\n${imports})\n`);
  // -e: tests of our dependencies' dependencies may not resolve, and are not built.
  await go(['mod', 'tidy', '-e'], cwd);
  say(`Kubernetes ${version}: ${programs.join(', ')}`);
  // All at once: one is linked, on one core, while others are compiled.
  const packages = programs.map((name) => `k8s.io/kubernetes/cmd/${name}`);
  await go(['build', '-trimpath', '-ldflags', ldflags(version), '-o', `${out}/`, ...packages], cwd);
}

/**
 * A module that can build Kubernetes' programs: k8s.io/kubernetes replaces its staging modules (k8s.io/api and so on)
 * by folders of its own repository, which are not in its module; the same sources are published as v0.<minor>.<patch>.
 */
function goMod(kubernetesGoMod: string, version: string): string {
  const goVersion = /^go (\S+)/m.exec(kubernetesGoMod)?.[1];
  if (goVersion === undefined) throw new Error('the go.mod of k8s.io/kubernetes names no Go version');
  const replaced = kubernetesGoMod.matchAll(/(k8s\.io\/\S+) => \.\/staging/g);
  const staging = [...new Set([...replaced].map((match) => match[1] ?? ''))];
  const published = `v0.${version.slice('1.'.length)}`;
  const replaces = staging.map((name) => `\t${name} => ${name} ${published}\n`).join('');
  return `module testbed\n\ngo ${goVersion}\n\nrequire k8s.io/kubernetes v${version}\n\nreplace (\n${replaces})\n`;
}

function ldflags(version: string): string {
  const [major, minor] = version.split('.');
  const variable = 'k8s.io/component-base/version.git';
  return `-s -w -X ${variable}Version=v${version} -X ${variable}Major=${major} -X ${variable}Minor=${minor}`;
}

if (import.meta.main) {
  const started = Date.now();
  const seconds = (): string => ((Date.now() - started) / 1000).toFixed(0);
  const say = (line: string): boolean => process.stdout.write(`[${seconds()} s] ${line}\n`);
  const folder = await (process.argv[2] === 'newest' ? buildNewest(say) : build(say));
  await access(folder);
  process.stdout.write(`[${seconds()} s] the test API server is in ${folder}\n`);
}
