// The policy by which the API server adds sidecars, for the Mesh in force. Entry: policyOf. Pure.
import { certificateSecretName } from '../../certificates/names.ts';
import { renderInjectionPolicy } from '../../infra/admission-policy.ts';
import { neverMeshed } from '../../infra/injection-fence.ts';
import type { MeshSettingsIr } from '../../ir/mesh-ir.ts';
import { type Environment, meshOptionsOf } from './desired.ts';

export function policyOf(mesh: MeshSettingsIr, environment: Environment): object {
  const sidecar = meshOptionsOf(mesh, environment);
  const { name, trustDomain } = mesh;
  const { image, initImage } = mesh.sidecar;
  const { resources, interception, drainSeconds, bootstrap } = sidecar;
  const settings = {
    ...{ mesh: name, trustDomain, xds: bootstrap.xds, image, initImage },
    ...{ resources, interception, drainSeconds },
  };
  return renderInjectionPolicy(
    {
      sidecar,
      namespaceLabels: mesh.sidecar.namespaceLabels,
      excludedNamespaces: [...new Set([...neverMeshed, environment.ownNamespace])],
      secretOf: certificateSecretName,
    },
    settings,
  );
}
