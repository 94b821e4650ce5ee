// The trust bundle, by SDS over ADS: so that its adoption by each proxy is acknowledged like everything else.
import type { Origin } from '../../ir/origin.ts';
import { typeUrl } from '../proto/type-urls.ts';
import { callersSecret, loginRootsSecret, trustSecret } from './names.ts';
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { resource } from './resource.ts';
import { acceptedPeers, type Trust, trustedRoots } from './tls.ts';
import type { XdsResource } from './xds-resource.ts';

/**
 * Clients get no list of revoked certificates: Envoy reads it once for each cluster, which in a mesh of a thousand identities and services
 * takes hundreds of megabytes.
 */
export function buildTrust(trust: Trust, mesh: Origin): readonly XdsResource[] {
  const { trustBundle, publicRoots = '' } = trust;
  return [
    secret(trustSecret, trustedRoots({ trustBundle }), mesh),
    secret(callersSecret, acceptedPeers(trust, null), mesh),
    // Only sidecars that call such a provider ask for it.
    ...(publicRoots === ''
      ? []
      : [secret(loginRootsSecret, { trusted_ca: { inline_string: publicRoots } }, mesh)]),
  ];
}

function secret(name: string, context: EnvoyMessage, mesh: Origin): XdsResource {
  const message = { name, validation_context: context };
  return resource(typeUrl.secret, { name, message, origins: [mesh] });
}
