// The policy by which the API server adds sidecars, for the Mesh in force. Entry: policyOf. Pure.
import type { Delivery } from '../../certificates/delivery.ts';
import { accountsWithTakenNames, certificateSecretName } from '../../certificates/names.ts';
import { renderInjectionPolicy } from '../../infra/admission-policy.ts';
import type { CertificateSource } from '../../infra/certificate-volume.ts';
import { neverMeshed } from '../../infra/injection-fence.ts';
import { renderSidecar, type SidecarPart } from '../../infra/sidecar.ts';
import type { MeshSettingsIr } from '../../ir/mesh-ir.ts';
import { type Environment, meshOptionsOf } from './desired.ts';

/** What the policy adds, for any service account. */
export function partOf(mesh: MeshSettingsIr, environment: Environment, { inUse }: Delivery): SidecarPart {
  const certificates: CertificateSource =
    inUse === 'Secret' ? { type: inUse, secret: certificateSecretName('default') } : { type: inUse };
  return renderSidecar({ ...meshOptionsOf(mesh, environment), certificates }, null);
}

export function policyOf(mesh: MeshSettingsIr, environment: Environment, delivery: Delivery): object {
  const sidecar = meshOptionsOf(mesh, environment);
  const { name, trustDomain } = mesh;
  const { image, initImage } = mesh.sidecar;
  const { resources, interception, drainSeconds, bootstrap } = sidecar;
  const settings = {
    mesh: name,
    trustDomain,
    xds: bootstrap.xds,
    image,
    initImage,
    resources,
    interception,
    drainSeconds,
    delivery: delivery.inUse,
  };
  return renderInjectionPolicy(
    {
      sidecar,
      certificates: delivery.inUse,
      namespaceLabels: mesh.sidecar.namespaceLabels,
      excludedNamespaces: [...new Set([...neverMeshed, environment.ownNamespace])],
      secretOf: certificateSecretName,
      oddAccounts: accountsWithTakenNames,
    },
    settings,
  );
}
