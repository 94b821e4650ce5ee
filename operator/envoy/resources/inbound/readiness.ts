// Says that the sidecar has its configuration: this listener comes only by ADS, so that a probe of it fails while a
// certificate is missing or the operator is not reached. It fails again while the sidecar drains.
import type { WorkloadIr } from '../../../ir/mesh-ir.ts';
import type { Origin } from '../../../ir/origin.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import { anyAddress, anyAddressKeys, hasIpv6 } from '../any-address.ts';
import { port } from '../names.ts';
import { requestHeadersTimeout, serverIdleTimeout } from '../connection-timeouts.ts';
import { resource } from '../resource.ts';
import { extension } from '../typed-config.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { XdsResource } from '../xds-resource.ts';

/** The path that answers 200. */
export const readinessPath = '/ready';

export function buildReadiness(workload: WorkloadIr, mesh: Origin): XdsResource {
  const ipv6 = hasIpv6(workload);
  return resource(typeUrl.listener, {
    name: 'readiness',
    message: {
      name: 'readiness',
      ...anyAddress(port.readiness, ipv6),
      bypass_overload_manager: true,
      filter_chains: [{ filters: [probeAnswer] }],
    },
    origins: [mesh, ...workload.origins],
    exclusiveKeys: anyAddressKeys(port.readiness, ipv6),
  });
}

/** Without an access log: the probes are many and say nothing. */
const probeAnswer: EnvoyMessage = extension(
  'envoy.filters.network.http_connection_manager',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  {
    stat_prefix: 'readiness',
    request_headers_timeout: requestHeadersTimeout,
    common_http_protocol_options: { idle_timeout: serverIdleTimeout },
    route_config: { name: 'readiness', virtual_hosts: [{ name: 'none', domains: ['*'], routes: [] }] },
    http_filters: [
      extension(
        'envoy.filters.http.health_check',
        'envoy.extensions.filters.http.health_check.v3.HealthCheck',
        {
          pass_through_mode: false,
          headers: [{ name: ':path', string_match: { exact: readinessPath } }],
        },
      ),
      extension('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router'),
    ],
  },
);
