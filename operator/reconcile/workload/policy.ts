// The policy by which the API server adds sidecars, for the Mesh in force. Entry: policyOf. Pure.
import type { Delivery } from '../../certificates/delivery.ts';
import { accountsWithTakenNames, certificateSecretName } from '../../certificates/names.ts';
import { type RenderedPolicy, renderInjectionPolicy } from '../../infra/admission-policy.ts';
import type { CertificateSource } from '../../infra/certificate-volume.ts';
import { renderSidecar, type SidecarPart } from '../../infra/sidecar.ts';
import type { MeshSettingsIr } from '../../ir/mesh-ir.ts';
import { neverMeshed } from '../../values/never-meshed.ts';
import type { Environment } from './environment.ts';
import { meshOptionsOf } from './mesh-options.ts';

/** What the policy adds, for any service account. */
export function partOf(mesh: MeshSettingsIr, environment: Environment, delivery: Delivery): SidecarPart {
  const { inUse } = delivery;
  const certificates: CertificateSource =
    inUse === 'Secret' ? { type: inUse, secret: certificateSecretName('default') } : { type: inUse };
  return renderSidecar({ ...meshOptionsOf(mesh, environment, delivery), certificates }, null);
}

export function policyOf(mesh: MeshSettingsIr, environment: Environment, delivery: Delivery): RenderedPolicy {
  return renderInjectionPolicy({
    sidecar: meshOptionsOf(mesh, environment, delivery),
    certificates: delivery.inUse,
    namespaceLabels: mesh.sidecar.namespaceLabels,
    excludedNamespaces: neverMeshed(environment.ownNamespace),
    secretOf: certificateSecretName,
    oddAccounts: accountsWithTakenNames,
  });
}
