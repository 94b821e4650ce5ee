// A real Envoy as the sidecar of a Pod object that no kubelet runs: the Pod's node id, the certificate from the Secret
// of its service account, the bootstrap that the project renders. Entry: startPodProxy.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderBootstrap } from '../../operator/infra/bootstrap.ts';
import { formatNodeId } from '../../operator/xds/node-id.ts';
import { CertificateFolder } from './data-plane/certificate-folder.ts';
import { inItsFolder } from './data-plane/sidecars.ts';
import { type EnvoyProcess, startEnvoy } from './envoy.ts';

export interface PodProxyOptions {
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string };
  /** The files of its service account's Secret: tls.crt, tls.key, ca.crt. */
  readonly secret: Readonly<Record<string, string>>;
  readonly xds: { readonly address: string; readonly port: number; readonly serverSpiffeId: string };
}

export type PodProxy = EnvoyProcess;

/** Whatever may move when a listener or a cluster is added, changed or removed. */
const changes =
  '^(listener_manager\\.listener_(added|modified|in_place_updated|removed)|cluster_manager\\.cluster_(added|modified|removed))$';

/** Resolves when its admin port answers: it need not be connected by then. */
export async function startPodProxy({ pod, secret, xds }: PodProxyOptions): Promise<PodProxy> {
  const dir = await mkdtemp(join(tmpdir(), `meshwright-${pod.name}-`));
  const { 'tls.crt': certificate = '', 'tls.key': privateKey = '', 'ca.crt': roots = '' } = secret;
  await new CertificateFolder(dir).create({ certificate, privateKey }, { certificate: roots });
  const nodeId = formatNodeId({ kind: 'Pod', ...pod });
  const bootstrap = renderBootstrap({ nodeId, cluster: 'default', xds, adminPort: 0 });
  const args = ['--file-flush-interval-msec', '20', '--log-level', 'warning'];
  const envoy = await startEnvoy({ bootstrap: JSON.stringify(bootstrap), dir, ...inItsFolder(dir), args });
  const stop = async (): Promise<void> => {
    await envoy.stop();
    await rm(dir, { recursive: true, force: true });
  };
  return { ...envoy, stop };
}

/** How often listeners and clusters of the proxy have changed, by counter. */
export async function changeCounters(proxy: PodProxy): Promise<Readonly<Record<string, number>>> {
  return Object.fromEntries(await proxy.stats(changes));
}
