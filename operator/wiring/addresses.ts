// Where the operator listens, and where others reach it.
import type { Settings } from '../process/settings.ts';
import { formatHolder, type Holder } from '../replicas/holder.ts';

/** `host:port`, an IPv6 host in brackets. */
export function formatAddress({ host, port }: Settings['xdsAddress']): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What this operator writes into the Lease about itself. `xdsPort`: the one that is open. */
export function holderOf(
  self: Omit<Holder, 'address'>,
  { podAddress, xdsAddress }: Pick<Settings, 'podAddress' | 'xdsAddress'>,
  xdsPort: number,
): string {
  return formatHolder({
    ...self,
    address: formatAddress({ host: podAddress ?? xdsAddress.host, port: xdsPort }),
  });
}
