// Where the binaries of the test API server are: the user's own folder (KUBEBUILDER_ASSETS, the convention of
// kubebuilder's envtest) or the one that build.ts fills. Entry: findAssets. It builds nothing.
import { cacheFolder, hasGo, missingFrom } from '../../../demo/programs/cache.ts';

export const kubernetesVersion = '1.34.4';
export const etcdVersion = '3.6.5';
/** What some tests need: pod certificates are served by default from this version on. */
export const newestKubernetes = '1.37.2';
export const newestPrograms = ['etcd', 'kube-apiserver', 'kubectl', 'kubelet'] as const;
export const binaries = ['etcd', 'kube-apiserver', 'kubectl'] as const;

export type Assets =
  { readonly found: true; readonly binDir: string } | { readonly found: false; readonly reason: string };

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
  const reason = hasGo()
    ? `Kubernetes ${newestKubernetes} is not built yet: run \`node test/support/kubernetes/build.ts newest\` (minutes, once).`
    : 'Install Go 1.26 or later.';
  return { found: false, reason };
}

export async function findAssets(): Promise<Assets> {
  const own = environment('KUBEBUILDER_ASSETS');
  if (own !== undefined) {
    const missing = await missingFrom(own, binaries);
    if (missing.length === 0) return { found: true, binDir: own };
    return { found: false, reason: `KUBEBUILDER_ASSETS is ${own}, which has no ${missing.join(', ')}.` };
  }
  if ((await missingFrom(cacheDir(), binaries)).length === 0) return { found: true, binDir: cacheDir() };
  if (hasGo()) {
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

function environment(name: string): string | undefined {
  // oxlint-disable-next-line node/no-process-env -- the settings of the test bed come from its user's shell
  const value = process.env[name];
  return value === '' ? undefined : value;
}
