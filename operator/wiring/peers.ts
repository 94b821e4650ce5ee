// The other operators: what their proxies acknowledged counts for the leader, and is reported to it.
import { createReplicas } from '../replicas/replicas.ts';
import { holderOf } from './addresses.ts';
import type { Context, Made, Reads, Writes } from './part.ts';

type Cells = Reads<
  | 'snapshot'
  | 'serverCertificate'
  | 'ownProxies'
  | 'ownWorkloads'
  | 'ownCounts'
  | 'quotasOut'
  | 'xdsPort'
  | 'leader'
> &
  Writes<'peerServices' | 'peerCounts' | 'quotasIn' | 'proxies' | 'connectedWorkloads'>;

export function createPeers(
  cells: Cells,
  { settings, self, clock, log }: Pick<Context, 'settings' | 'self' | 'clock' | 'log'>,
): Required<Pick<Made, 'component'>> {
  const { snapshot, serverCertificate, ownProxies, ownWorkloads, ownCounts, quotasOut, xdsPort, leader } =
    cells;
  const { peerServices, peerCounts, quotasIn, proxies, connectedWorkloads } = cells;
  const replicas = createReplicas({
    identity: () => holderOf(self, settings, xdsPort.get()),
    own: () => ({ snapshot: snapshot.get(), proxies: ownProxies.get() }),
    clock,
    log,
    onChange: proxies.changed,
    rebuild: connectedWorkloads.changed,
    onCounted: peerCounts.set,
    onQuota: quotasIn.set,
  });
  peerServices.set(replicas.services);
  proxies.define(() => replicas.proxies());
  connectedWorkloads.define(() => new Set([...ownWorkloads.get(), ...replicas.workloads()]));

  leader.subscribe(() => replicas.setHolder(leader.get()));
  serverCertificate.subscribe(() => {
    const certificate = serverCertificate.get();
    if (certificate === null) return;
    replicas.credentials.update({ ...certificate, trustBundle: certificate.controlPlaneBundle });
  });
  snapshot.subscribe(() => replicas.changed());
  ownCounts.subscribe(() => {
    const counted = ownCounts.get();
    if (counted !== null) replicas.counted(counted);
  });
  quotasOut.subscribe(() => {
    const message = quotasOut.get();
    if (message !== null) replicas.quota(message);
  });
  ownWorkloads.subscribe(connectedWorkloads.changed);
  ownProxies.subscribe(() => {
    replicas.changed();
    proxies.changed();
  });
  return { component: replicas };
}
