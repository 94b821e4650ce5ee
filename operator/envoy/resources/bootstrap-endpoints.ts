// The endpoints of the clusters that stand in every bootstrap: none, for all sidecars alike. Envoy asks for them before anything
// else but runtime values, and waits for the answer.
import type { Origin } from '../../ir/origin.ts';
import { localCluster, telemetryCluster } from '../../values/sidecar-names.ts';
import { typeUrl } from '../proto/type-urls.ts';
import { resource } from './resource.ts';
import type { XdsResource } from './xds-resource.ts';

export function buildBootstrapEndpoints(mesh: Origin): readonly XdsResource[] {
  return [localCluster, telemetryCluster].map((name) =>
    resource(typeUrl.endpoint, { name, message: { cluster_name: name }, origins: [mesh] }),
  );
}
