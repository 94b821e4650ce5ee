// Resources → the mesh in its own words, and a verdict on each object a user wrote. Its entry is translate: pure and
// total, the same value whatever order the objects came in. It must not know Envoy, platforms or acknowledgements.
import type { Mesh } from '../../api/v1alpha1/mesh.ts';
import type { MeshIr } from '../ir/mesh-ir.ts';
import type { Verdict } from '../status/conditions.ts';
import type { Resources } from '../store/resources.ts';
import { electMesh, meshSettings } from './meshes.ts';
import { originOf } from './origins.ts';
import { attachSecurity } from './security/attach.ts';
import { createSecurity } from './security/security.ts';
import { securityVerdicts } from './security/verdicts.ts';
import { slicesByService } from './services/endpoints.ts';
import { servedPorts } from './services/served-ports.ts';
import { translateServices } from './services/services.ts';
import { viewServices } from './services/view.ts';
import { attachTraffic, inForce } from './traffic/attach.ts';
import { trafficVerdicts } from './traffic/verdicts.ts';
import { verdictWithoutMesh, withRejections } from './verdicts.ts';
import { translateExternal } from './workloads/external-workloads.ts';
import { identitiesInUse } from './workloads/identities.ts';
import { indexWorkloads, workloadKey } from './workloads/workload.ts';
import { translateWorkloads } from './workloads/workloads.ts';

export interface Translation {
  /** null while there is no accepted Mesh. */
  readonly ir: MeshIr | null;
  /** One for each Mesh, TrafficPolicy, SecurityPolicy and ExternalWorkload, sorted by kind, namespace, name. */
  readonly verdicts: readonly Verdict[];
}

/** Never throws on objects that are valid by their schemas. */
export function translate(resources: Resources): Translation {
  const { mesh, verdicts: meshVerdicts } = electMesh(resources.meshes);
  if (mesh === undefined)
    return { ir: null, verdicts: withRejections(waiting(resources), resources.rejections) };
  const { ir, verdicts } = translateMesh(mesh, resources);
  return { ir, verdicts: withRejections([...meshVerdicts, ...verdicts], resources.rejections) };
}

function waiting(resources: Resources): readonly Verdict[] {
  const objects = [
    ...resources.trafficPolicies,
    ...resources.securityPolicies,
    ...resources.externalWorkloads,
  ];
  return objects.map((object) => verdictWithoutMesh(originOf(object)));
}

function translateMesh(mesh: Mesh, resources: Resources): Translation & { readonly ir: MeshIr } {
  const workloads = indexWorkloads(mesh.spec.trustDomain, resources.pods, resources.externalWorkloads);
  const services = viewServices(resources.services, workloads);
  const traffic = attachTraffic(resources.trafficPolicies, services);
  const attachments = attachSecurity(resources.securityPolicies, {
    deployments: resources.deployments,
    services,
    workloads,
  });
  const security = createSecurity(mesh, attachments);
  const external = resources.externalWorkloads.map((object) => translateExternal(object, services));

  const translated = translateWorkloads(workloads.all, {
    mesh,
    served: servedPorts(services.all),
    security,
    bindings: new Map(
      external.map(({ verdict: { origin }, bindings }) => [
        workloadKey('ExternalWorkload', origin.namespace, origin.name),
        bindings,
      ]),
    ),
  });
  const ir: MeshIr = {
    settings: meshSettings(mesh),
    services: translateServices(services.all, {
      mesh: originOf(mesh),
      slices: slicesByService(resources.endpointSlices),
      workloads: workloads.byKey,
      security,
      inForce: inForce(traffic),
    }),
    workloads: translated,
    identities: identitiesInUse(mesh, resources, workloads.all),
  };
  const verdicts = [
    ...trafficVerdicts(traffic),
    ...securityVerdicts(attachments, translated),
    ...external.map(({ verdict }) => verdict),
  ];
  return { ir, verdicts };
}
