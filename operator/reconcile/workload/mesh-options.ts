// What the Mesh and the operator say about each sidecar, and the revision that stands for it. Entries: meshOptionsOf, revisionOf. Pure.
import type { Delivery } from '../../certificates/delivery.ts';
import { readinessPath } from '../../envoy/resources/inbound/readiness.ts';
import { port } from '../../envoy/resources/names.ts';
import { podVariables, type SidecarOptions } from '../../infra/sidecar.ts';
import type { MeshSettingsIr } from '../../ir/mesh-ir.ts';
import { fingerprint } from '../../values/fingerprint.ts';
import { formatNodeId } from '../../values/node-id.ts';
import type { Environment } from './environment.ts';

/** What is the same for all pods of the mesh that ask for nothing else. */
export function meshOptionsOf(
  mesh: MeshSettingsIr,
  environment: Environment,
  delivery: Delivery,
): Omit<SidecarOptions, 'certificates'> {
  const { defaultImages, xds, operatorSpiffeId } = environment;
  const { sidecar } = mesh;
  return {
    image: sidecar.image ?? defaultImages.sidecar,
    initImage: sidecar.initImage ?? defaultImages.init,
    resources: sidecar.resources,
    bootstrap: {
      nodeId: formatNodeId({ kind: 'Pod', ...podVariables }),
      cluster: mesh.name,
      xds: { ...xds, serverSpiffeId: operatorSpiffeId(mesh.trustDomain) },
    },
    interception: {
      excludeInboundPorts: sidecar.excludeInboundPorts,
      excludeOutboundPorts: sidecar.excludeOutboundPorts,
      excludeOutboundCidrs: sidecar.excludeOutboundCidrs,
      ports: port,
    },
    readinessPath,
    drainSeconds: sidecar.drainSeconds,
    revision: revisionOf(mesh, environment, delivery),
  };
}

/** Of what somebody asked for: neither the defaults of this operator count nor how it renders the rest, so that another version of it rolls nobody. */
function revisionOf(
  { name, trustDomain, sidecar }: MeshSettingsIr,
  { xds }: Environment,
  { inUse }: Delivery,
): string {
  const { image, initImage, resources, drainSeconds } = sidecar;
  const { excludeInboundPorts, excludeOutboundPorts, excludeOutboundCidrs } = sidecar;
  const exclusions = { excludeInboundPorts, excludeOutboundPorts, excludeOutboundCidrs };
  return fingerprint({
    mesh: name,
    trustDomain,
    xds,
    image,
    initImage,
    resources,
    exclusions,
    drainSeconds,
    delivery: inUse,
  });
}
