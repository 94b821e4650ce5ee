// The clusters for destinations that no service of the mesh has.
import type { Origin } from '../../../ir/origin.ts';
import { duration } from '../../proto/well-known.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { blackholeCluster, passthroughCluster } from '../names.ts';
import { tcpKeepalive } from '../connection-timeouts.ts';
import { resource } from '../resource.ts';
import { connectTimeoutMs, noLimits, sameProtocol } from '../upstream.ts';
import type { XdsResource } from '../xds-resource.ts';

/** Both, whatever the outbound mode: so that a change of mode is a change of routes only. */
export function buildUnknownDestinations(mesh: Origin): readonly XdsResource[] {
  const passthrough = {
    name: passthroughCluster,
    type: 'ORIGINAL_DST',
    lb_policy: 'CLUSTER_PROVIDED',
    connect_timeout: duration(connectTimeoutMs),
    circuit_breakers: noLimits,
    upstream_connection_options: { tcp_keepalive: tcpKeepalive },
    typed_extension_protocol_options: sameProtocol,
  };
  const blackhole = { name: blackholeCluster, type: 'STATIC', connect_timeout: duration(connectTimeoutMs) };
  return [passthrough, blackhole].map((message) =>
    resource(typeUrl.cluster, { name: message.name, message, origins: [mesh] }),
  );
}
