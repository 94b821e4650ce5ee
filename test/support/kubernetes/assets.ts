// Where the binaries of the test API server are: the user's own folder (KUBEBUILDER_ASSETS, the convention of
// kubebuilder's envtest) or the one that build.ts fills. Entry: findAssets. It builds nothing.
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const kubernetesVersion = '1.34.4';
export const etcdVersion = '3.6.5';
/** What some tests need: pod certificates are served by default from this version on. */
export const newestKubernetes = '1.37.2';
export const newestPrograms = ['etcd', 'kube-apiserver', 'kubectl', 'kubelet'] as const;
export const binaries = ['etcd', 'kube-apiserver', 'kubectl'] as const;

export type Assets =
  { readonly found: true; readonly binDir: string } | { readonly found: false; readonly reason: string };

/** `$XDG_CACHE_HOME/meshwright/<name>`, by default under `~/.cache`. */
export function cacheFolder(name: string): string {
  return join(environment('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'meshwright', name);
}

/** The folder that build.ts fills. */
export function cacheDir(): string {
  return cacheFolder(`kubernetes-${kubernetesVersion}`);
}

/** The folder that build.ts fills with the newest Kubernetes. */
export function newestDir(): string {
  return cacheFolder(`kubernetes-${newestKubernetes}`);
}

/** As findAssets, of the newest Kubernetes. */
export async function findNewest(): Promise<Assets> {
  if ((await missingFrom(newestDir(), newestPrograms)).length === 0)
    return { found: true, binDir: newestDir() };
  const reason = (await hasGo())
    ? `Kubernetes ${newestKubernetes} is not built yet: run \`node test/support/kubernetes/build.ts newest\` (minutes, once).`
    : 'Install Go 1.26 or later.';
  return { found: false, reason };
}

export async function findAssets(): Promise<Assets> {
  const own = environment('KUBEBUILDER_ASSETS');
  if (own !== undefined) {
    const missing = await missingFrom(own);
    if (missing.length === 0) return { found: true, binDir: own };
    return { found: false, reason: `KUBEBUILDER_ASSETS is ${own}, which has no ${missing.join(', ')}.` };
  }
  if ((await missingFrom(cacheDir())).length === 0) return { found: true, binDir: cacheDir() };
  if (await hasGo()) {
    return {
      found: false,
      reason: 'They are not built yet: run `node test/support/kubernetes/build.ts` (minutes, once).',
    };
  }
  return {
    found: false,
    reason:
      'Install Go 1.24 or later, or set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kubectl.',
  };
}

/** Which of the programs, by default those of the test API server, are not in a folder as executables. */
export async function missingFrom(folder: string, programs: readonly string[] = binaries): Promise<string[]> {
  const present = await Promise.all(programs.map((name) => isExecutable(join(folder, name))));
  return programs.filter((_, index) => present[index] !== true);
}

export async function hasGo(): Promise<boolean> {
  try {
    await promisify(execFile)('go', ['version']);
    return true;
  } catch {
    return false;
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function environment(name: string): string | undefined {
  // oxlint-disable-next-line node/no-process-env -- the settings of the test bed come from its user's shell
  const value = process.env[name];
  return value === '' ? undefined : value;
}
