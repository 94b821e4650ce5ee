// The xDS server: snapshots go out to proxies, their reports come back.
import { reloadableCredentials } from '../xds/server/credentials.ts';
import { createAdsServer } from '../xds/server/server.ts';
import { formatAddress } from './addresses.ts';
import type { Context, Made, Reads, Writes } from './part.ts';

type Cells = Reads<'snapshot' | 'identities' | 'serverCertificate' | 'peerServices'> &
  Writes<'ownProxies' | 'ownWorkloads' | 'isConverging' | 'xdsPort'>;

export function createDiscovery(
  cells: Cells,
  { settings, metrics, log, self }: Pick<Context, 'settings' | 'metrics' | 'log' | 'self'>,
): Required<Pick<Made, 'component'>> {
  const { snapshot, identities, serverCertificate, peerServices } = cells;
  const { ownProxies, ownWorkloads, isConverging, xdsPort } = cells;
  const credentials = reloadableCredentials();
  const ads = createAdsServer({
    address: formatAddress(settings.xdsAddress),
    credentials: credentials.credentials,
    identityOf: (workload) => identities.get()?.get(workload),
    rebuild: ownWorkloads.changed,
    services: () => peerServices.get(),
    identifier: `meshwright/${self.name}/${self.nonce}`,
    log,
    observer: { ...metrics, changed: ownProxies.changed },
  });
  ownProxies.define(() => ads.proxies());
  ownWorkloads.define(() => ads.connectedWorkloads());
  isConverging.define(() => ads.isConverging());
  xdsPort.define(() => ads.port());

  serverCertificate.subscribe(() => {
    const certificate = serverCertificate.get();
    if (certificate !== null) credentials.update(certificate);
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
      // Without a Mesh there is nothing to serve, and that is no fault of the operator's.
      ready: () => identities.get() === null || ads.ready(),
    },
  };
}
