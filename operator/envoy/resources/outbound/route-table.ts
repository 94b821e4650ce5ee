// The one route table that every outbound connection manager uses. Which virtual host a request belongs to is said
// by the destination header, which the sidecar itself writes, never by the Host header of the application.
import type { MeshSettingsIr } from '../../../ir/mesh-ir.ts';
import { duration } from '../../proto/well-known.ts';
import { typeUrl } from '../../proto/type-urls.ts';
import {
  destinationHeader,
  headerBytesHeader,
  passthroughCluster,
  pathBytesHeader,
  replyMarkers,
  routeConfigurationName,
} from '../names.ts';
import { resource } from '../resource.ts';
import { overAds } from '../typed-config.ts';
import type { EnvoyMessage } from '../../proto/envoy-message.ts';
import type { XdsResource } from '../xds-resource.ts';

const notInRegistry =
  'No service of the mesh has this address, and the Mesh allows no other destinations (outbound.mode RegistryOnly). ' +
  'Declare a Service or an ExternalWorkload for it, or set outbound.mode to AllowAny.\n';

/** Of the 4,096 characters that a policy may have respond with; Envoy's own limit, 4,096 bytes, would refuse many of those. */
const maxResponseBytes = 4 * 4_096;

/** What connection managers have written, and what sidecars say to each other: nobody's but theirs. */
export const forgottenFacts: EnvoyMessage = {
  request_headers_to_remove: [destinationHeader, pathBytesHeader, headerBytesHeader],
  // They are words between sidecars, said only to be acted upon by the retry policy.
  response_headers_to_remove: replyMarkers,
};

export function buildRouteTable(settings: MeshSettingsIr): XdsResource {
  const allowed = settings.outboundMode === 'AllowAny';
  return resource(typeUrl.route, {
    name: routeConfigurationName,
    message: {
      name: routeConfigurationName,
      vhost_header: destinationHeader,
      ...forgottenFacts,
      vhds: { config_source: overAds },
      max_direct_response_body_size_bytes: { value: maxResponseBytes },
      virtual_hosts: [
        { name: 'unknown', domains: ['*'], routes: [allowed ? passthroughRoute : refusalRoute] },
      ],
    },
    origins: [settings.origin],
    clusters: allowed ? [passthroughCluster] : [],
  });
}

const passthroughRoute: EnvoyMessage = {
  name: 'passthrough',
  match: { prefix: '/' },
  route: { cluster: passthroughCluster, timeout: duration(0) },
};

const refusalRoute: EnvoyMessage = {
  name: 'not-in-registry',
  match: { prefix: '/' },
  direct_response: { status: 502, body: { inline_string: notInRegistry } },
};
