// The outbound HTTP connection manager: the same for all services and, with interception, one for all of them.
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import { connectionManager } from '../connection-manager.ts';
import { earlyHeaderMutation, setHeader } from '../header.ts';
import { disabledFilters } from '../http-filters.ts';
import { destinationHeader, headerBytesHeader, pathBytesHeader, routeConfigurationName } from '../names.ts';
import type { ListenerLogs } from '../named-logs.ts';
import { extension, overAds } from '../typed-config.ts';
import { outboundFilters } from './http-filters.ts';
import { outbound } from '../vantage.ts';

export interface OutboundHttp {
  readonly statPrefix: string;
  /** What the destination header says: a virtual host's domain, or a formatter that yields one. */
  readonly destination: string;
  /** Route table. Default: the one of all services. */
  readonly routes?: string;
  /** Access logs that the Mesh asks for. */
  readonly named: ListenerLogs;
  /** Access logs besides those that all have. Default: none. */
  readonly logs?: readonly EnvoyMessage[];
  /** The `envoy.lb` metadata of the endpoint that was addressed. Default: any endpoint. */
  readonly endpoint?: EnvoyMessage;
}

/** The address that the application connected to, as the virtual hosts' domains have it. */
export const addressedDestination = '%DOWNSTREAM_LOCAL_ADDRESS%';

export function outboundHttp(parts: OutboundHttp): EnvoyMessage {
  const { statPrefix, destination, endpoint, routes = routeConfigurationName, named, logs } = parts;
  return connectionManager({
    seen: outbound,
    statPrefix,
    named,
    logs,
    filters: [...(endpoint ? [chooseEndpoint(endpoint)] : []), ...disabledFilters(outboundFilters)],
    early: [writeFacts(destination)],
    more: { rds: { route_config_name: routes, config_source: overAds } },
  });
}

/** Over whatever the application sent in these headers. */
function writeFacts(destination: string): EnvoyMessage {
  return earlyHeaderMutation([
    { append: setHeader(destinationHeader, destination) },
    { append: setHeader(pathBytesHeader, '%CEL(request.path.size())%') },
    { append: setHeader(headerBytesHeader, '%DOWNSTREAM_HEADER_BYTES_RECEIVED%') },
  ]);
}

function chooseEndpoint(value: EnvoyMessage): EnvoyMessage {
  return extension(
    'envoy.filters.http.set_metadata',
    'envoy.extensions.filters.http.set_metadata.v3.Config',
    { metadata: [{ metadata_namespace: 'envoy.lb', value }] },
  );
}
