// The endpoints of the cluster that stands in every bootstrap: none, for all sidecars alike. Envoy asks for them before anything
// else but runtime values, and waits for the answer.
import type { Origin } from '../../ir/origin.ts';
import { localCluster } from '../../values/sidecar-names.ts';
import { typeUrl } from '../proto/type-urls.ts';
import { resource } from './resource.ts';
import type { XdsResource } from './xds-resource.ts';

export function buildBootstrapEndpoints(mesh: Origin): readonly XdsResource[] {
  const message = { cluster_name: localCluster };
  return [resource(typeUrl.endpoint, { name: localCluster, message, origins: [mesh] })];
}
