// Bytes to a cluster, unread: what TCP ports and unknown destinations get.
import { duration } from '../proto/well-known.ts';
import { connectionLog } from './access-log.ts';
import { connectionStats, openConnectionStats, openCountedEvery } from './stats-log.ts';
import { directionOf, type Seen } from './vantage.ts';
import { extension } from './typed-config.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';

export interface TcpProxyParts {
  readonly seen: Seen;
  readonly statPrefix: string;
  readonly cluster: string;
  /** Besides those that all have. Default: none. */
  readonly logs?: readonly EnvoyMessage[];
  /** Picks an endpoint by its `envoy.lb` metadata. Default: any. */
  readonly endpoint?: EnvoyMessage;
}

/** For load balancers that hash; for others it does nothing. From the start, because no policy may change a listener. */
const bySourceAddress = [{ source_ip: {} }];

/** As a network filter. */
export function tcpProxy(parts: TcpProxyParts): EnvoyMessage {
  const { seen } = parts;
  const { vantage } = seen;
  return extension(
    'envoy.filters.network.tcp_proxy',
    'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
    {
      stat_prefix: parts.statPrefix,
      cluster: parts.cluster,
      // Connections may be silent for as long as the two ends like.
      idle_timeout: duration(0),
      // Nothing was sent yet: another endpoint will do. To the application there is but one.
      ...(vantage === 'outbound' && { max_connect_attempts: 3, hash_policy: bySourceAddress }),
      access_log: [
        connectionLog(directionOf(vantage)),
        connectionStats(seen),
        ...(seen.vantage === 'outbound' ? [] : [openConnectionStats(seen)]),
        ...(parts.logs ?? []),
      ],
      ...(vantage !== 'outbound' && { access_log_options: whileOpen(vantage) }),
      ...(parts.endpoint && { metadata_match: { filter_metadata: { 'envoy.lb': parts.endpoint } } }),
    },
  );
}

function whileOpen(vantage: 'mesh' | 'plaintext'): EnvoyMessage {
  return {
    access_log_flush_interval: openCountedEvery,
    flush_access_log_on_connected: vantage === 'plaintext',
  };
}
