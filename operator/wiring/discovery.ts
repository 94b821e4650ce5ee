// The xDS server: snapshots go out to proxies, their reports come back.
import type { Signer } from '../certificates/authority.ts';
import { presentedLeaf } from '../certificates/presented-leaf.ts';
import type { ServerCertificate } from '../certificates/server-certificate.ts';
import type { PresentedLeaf } from '../values/presented-leaf.ts';
import { issuerId } from '../certificates/stored-roots.ts';
import { reloadableCredentials } from '../xds/server/credentials.ts';
import { createAdsServer } from '../xds/server/server.ts';
import { formatAddress } from './addresses.ts';
import { sourceOf } from './expected-source.ts';
import { createSecondProxyEvents } from './second-proxy-events.ts';
import type { Context, Made, Reads, Writes } from './part.ts';

type Cells = Reads<
  | 'translation'
  | 'snapshot'
  | 'identities'
  | 'serverCertificate'
  | 'peerServices'
  | 'telemetryServices'
  | 'quotaServices'
  | 'signalServices'
> &
  Writes<'ownProxies' | 'ownWorkloads' | 'isConverging' | 'xdsPort'>;

export interface DiscoveryContext extends Pick<Context, 'settings' | 'metrics' | 'clock' | 'log' | 'self'> {
  readonly platform: Pick<Context['platform'], 'pods'>;
}

export function createDiscovery(
  cells: Cells,
  { platform, settings, metrics, clock, log, self }: DiscoveryContext,
): Required<Pick<Made, 'component'>> {
  const { translation, snapshot, identities, serverCertificate } = cells;
  const { peerServices, telemetryServices, quotaServices, signalServices } = cells;
  const services = [peerServices, telemetryServices, quotaServices, signalServices];
  const { ownProxies, ownWorkloads, isConverging, xdsPort } = cells;
  const credentials = reloadableCredentials();
  const ads = createAdsServer({
    address: formatAddress(settings.xdsAddress),
    credentials: credentials.credentials,
    identityOf: (key) => identities.get()?.get(key)?.identity.spiffeId,
    sourceOf: (key) => sourceOf(identities.get()?.get(key), settings),
    onSecondProxy: createSecondProxyEvents({
      pods: platform.pods,
      workloadOf: (key) => identities.get()?.get(key),
      clock,
      log,
    }),
    leafOf: (certificate) => presented(certificate, serverCertificate.get()),
    rebuild: ownWorkloads.changed,
    services: () => services.flatMap((cell) => cell.get()),
    identifier: `meshwright/${self.name}/${self.nonce}`,
    log,
    observer: { ...metrics, changed: ownProxies.changed },
  });
  ownProxies.define(() => ads.proxies());
  ownWorkloads.define(() => ads.connectedWorkloads());
  isConverging.define(() => ads.isConverging());
  xdsPort.define(() => ads.port());

  let wanted: Signer | null = null;
  const renewConnections = (leaves: Signer | null): void => {
    if (leaves?.leavesFromMs === wanted?.leavesFromMs) return;
    wanted = leaves;
    ads.renewConnections(leaves === null ? null : (leaf) => isWanted(leaf, leaves));
  };
  serverCertificate.subscribe(() => {
    const certificate = serverCertificate.get();
    if (certificate === null) return;
    credentials.update({ ...certificate, trustBundle: certificate.controlPlaneBundle });
    renewConnections(certificate.wantedLeaves);
  });
  snapshot.subscribe(() => {
    const latest = snapshot.get();
    if (latest !== null) ads.publish(latest);
  });
  return {
    component: {
      name: ads.name,
      start: () => ads.start(),
      stop: () => ads.stop(),
      // Without a Mesh there is nothing to serve, also if it was deleted before the first snapshot was made.
      ready: () => translation.get().ir === null || ads.ready(),
    },
  };
}

function presented(certificate: Buffer, own: ServerCertificate | null): PresentedLeaf | null {
  return own === null ? null : presentedLeaf(certificate, own.issuers, own.links);
}

function isWanted(leaf: PresentedLeaf | null, { issuer, leavesFromMs }: Signer): boolean {
  return leaf !== null && leaf.root === issuerId(issuer) && leaf.issuedMs >= leavesFromMs;
}
