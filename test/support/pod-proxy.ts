// A real Envoy as the sidecar of a Pod object that no kubelet runs: the Pod's node id, the certificate from the Secret
// of its service account, the bootstrap that the project renders. Entry: startPodProxy.
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderBootstrap } from '../../operator/infra/bootstrap.ts';
import { formatNodeId } from '../../operator/values/node-id.ts';
import { CertificateFolder } from './data-plane/certificate-folder.ts';
import { inItsFolder } from './data-plane/sidecars.ts';
import { type EnvoyProcess, startEnvoy } from './envoy.ts';

export interface PodProxyOptions {
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string };
  /** The files of its service account's Secret: tls.crt, tls.key, ca.crt. */
  readonly secret: Readonly<Record<string, string>>;
  readonly xds: { readonly address: string; readonly port: number; readonly serverSpiffeId: string };
  /** Where it runs; by default here. Its admin port is reached from there only. */
  readonly place?: ProxyPlace;
}

export interface ProxyPlace {
  /** Runs a command line there. */
  readonly inside: readonly string[];
  /** Who it runs as there: its files become theirs. */
  readonly user: number;
}

export interface PodProxy extends EnvoyProcess {
  /** What the kubelet does when the Secret of the service account has changed. */
  mount(secret: Readonly<Record<string, string>>): Promise<void>;
}

/** Whatever may move when a listener or a cluster is added, changed or removed. */
const changes =
  '^(listener_manager\\.listener_(added|modified|in_place_updated|removed)|cluster_manager\\.cluster_(added|modified|removed))$';

/** Resolves when its admin port answers: it need not be connected by then. */
export async function startPodProxy({ pod, secret, xds, place }: PodProxyOptions): Promise<PodProxy> {
  const dir = await mkdtemp(join(tmpdir(), `meshwright-${pod.name}-`));
  const folder = new CertificateFolder(dir);
  await folder.create(...filesIn(secret));
  const nodeId = formatNodeId({ kind: 'Pod', ...pod });
  const bootstrap = renderBootstrap({ nodeId, cluster: 'default', xds, adminPort: 0 });
  const args = ['--file-flush-interval-msec', '20', '--log-level', 'warning'];
  if (place !== undefined) await chown(dir, place.user, place.user);
  const envoy = await startEnvoy({
    bootstrap: JSON.stringify(bootstrap),
    dir,
    ...inItsFolder(dir),
    args,
    ...(place !== undefined && { inside: place.inside }),
  });
  const stop = async (): Promise<void> => {
    await envoy.stop();
    await rm(dir, { recursive: true, force: true });
  };
  return { ...envoy, stop, mount: (changed) => folder.replace(...filesIn(changed)) };
}

function filesIn(secret: PodProxyOptions['secret']): Parameters<CertificateFolder['create']> {
  const { 'tls.crt': certificate = '', 'tls.key': privateKey = '', 'ca.crt': roots = '' } = secret;
  return [{ certificate, privateKey }, { certificate: roots }];
}

/** How often listeners and clusters of the proxy have changed, by counter. */
export async function changeCounters(proxy: PodProxy): Promise<Readonly<Record<string, number>>> {
  return Object.fromEntries(await proxy.stats(changes));
}

const reviewsHost = 'outbound/reviews.shop:9080';

/** How the proxy splits requests to Service shop/reviews, subset → weight; null: not at all. */
export async function splitOfReviews(proxy: PodProxy): Promise<Readonly<Record<string, number>> | null> {
  const dump = JSON.stringify(await proxy.configDump({ resource: 'dynamic_route_configs' }));
  const hosts: VirtualHost[] = [];
  // Wherever in the dump the virtual hosts are.
  JSON.parse(dump, (key, value: unknown) => {
    if (key === 'virtual_hosts') hosts.push(...(value as readonly VirtualHost[]));
    return value;
  });
  const host = hosts.find(({ name }) => name === reviewsHost);
  if (host === undefined) throw new Error(`the proxy has no virtual host ${reviewsHost}`);
  const weighted = host.routes.find(({ route }) => route?.weighted_clusters !== undefined)?.route
    ?.weighted_clusters;
  if (weighted === undefined) return null;
  return Object.fromEntries(
    weighted.clusters.map(({ name, weight }) => [name.split('/').at(-1) ?? '', weight]),
  );
}

interface VirtualHost {
  readonly name: string;
  readonly routes: readonly {
    readonly route?: {
      readonly weighted_clusters?: {
        readonly clusters: readonly { readonly name: string; readonly weight: number }[];
      };
    };
  }[];
}
