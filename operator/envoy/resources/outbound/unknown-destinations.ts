// What becomes of connections to destinations that no service of the mesh has, and the clusters for them.
import type { MeshSettingsIr } from '../../../ir/mesh-ir.ts';
import type { Origin } from '../../../ir/origin.ts';
import { duration } from '../../proto/well-known.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { blackholeCluster, passthroughCluster } from '../names.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { tcpKeepalive } from '../connection-timeouts.ts';
import { resource } from '../resource.ts';
import { unknownDestinationsKey } from '../runtime.ts';
import { endsByRuntime } from '../runtime-admission.ts';
import { tcpProxy } from '../tcp-proxy.ts';
import { connectTimeoutMs, noLimits, sameProtocol } from '../upstream.ts';
import type { XdsResource } from '../xds-resource.ts';
import { outbound } from '../vantage.ts';

/** Where connections go to destinations that nobody knows. */
export function unknownCluster(mode: MeshSettingsIr['outboundMode']): string {
  return mode === 'AllowAny' ? passthroughCluster : blackholeCluster;
}

/** Those that exist when the mode becomes RegistryOnly end at their next byte. */
export function unknownFilters(mode: MeshSettingsIr['outboundMode']): readonly EnvoyMessage[] {
  const cluster = unknownCluster(mode);
  const passOn = tcpProxy({ seen: outbound, statPrefix: 'outbound_tcp', cluster });
  return [endsByRuntime('outbound_unknown', unknownDestinationsKey), passOn];
}

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
