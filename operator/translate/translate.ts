// Resources → the mesh in its own words, and a verdict on each object a user wrote. Its entry is translate: pure and
// total, the same value whatever order the objects came in. It must not know Envoy, platforms or acknowledgements.
import type { Mesh } from '../../api/v1alpha1/mesh.ts';
import type { MeshIr } from '../ir/mesh-ir.ts';
import type { AddressClaim } from '../ir/address-claim.ts';
import type { KeySourceIr } from '../ir/key-source.ts';
import type { MtlsPlaceIr } from '../ir/mtls-place.ts';
import type { PodRecord } from '../ir/pod-record.ts';
import type { Verdict } from '../conditions/conditions.ts';
import type { Resources } from '../store/resources.ts';
import { electMesh } from './facts/meshes.ts';
import { originOf } from './facts/origins.ts';
import { createMeshTranslator, type MeshTranslator, type TranslateOptions } from './translate-mesh.ts';
import { keySourcesOf } from './policies/security/key-sources.ts';
import { type Problem, verdictWithoutMesh, warningCondition, withRejections } from './facts/verdicts.ts';

export interface Translation {
  /** null while there is no accepted Mesh. */
  readonly ir: MeshIr | null;
  /** One for each Mesh, TrafficPolicy, SecurityPolicy and ExternalWorkload, sorted by kind, namespace, name. */
  readonly verdicts: readonly Verdict[];
  /** Pods whose annotation does not say yet what guards them. Empty while there is no Mesh. */
  readonly podRecords: readonly PodRecord[];
  /** Where one mode of mutual TLS holds, sorted by namespace, owner and port. Empty while there is no Mesh. */
  readonly mtlsPlaces: readonly MtlsPlaceIr[];
  /** Pod key → `Deployment/reviews`, also of pods without a sidecar. Absent while there is no Mesh. */
  readonly owners?: ReadonlyMap<string, string>;
  /** Services of which endpoints are at addresses of others, sorted. Empty while there is no Mesh. */
  readonly addressClaims: readonly AddressClaim[];
  /** Where keys of issuers are to be fetched from, sorted by id; whether there is a Mesh or not. */
  readonly keySources: readonly KeySourceIr[];
}

/** Never throws on objects that are valid by their schemas. */
export function translate(resources: Resources, options: TranslateOptions): Translation {
  return translateWith(createMeshTranslator(options), resources);
}

/** With a translator that may remember earlier batches. */
export function translateWith(translateMesh: MeshTranslator, resources: Resources): Translation {
  const { mesh, verdicts: meshVerdicts } = electMesh(resources.meshes);
  const keySources = keySourcesOf(resources.securityPolicies).all;
  if (mesh === undefined)
    return {
      ir: null,
      verdicts: withRejections(waiting(resources), resources.rejections),
      podRecords: [],
      mtlsPlaces: [],
      addressClaims: [],
      keySources,
    };
  const { verdicts, meshWarnings, ...made } = translateMesh(mesh, resources);
  const meshes = meshVerdicts.map((verdict) => withWarnings(verdict, mesh, meshWarnings));
  return {
    ...made,
    verdicts: withRejections([...meshes, ...verdicts], resources.rejections),
    keySources,
  };
}

function withWarnings(verdict: Verdict, mesh: Mesh, warnings: readonly Problem[]): Verdict {
  if (verdict.origin !== originOf(mesh) || warnings.length === 0) return verdict;
  return { ...verdict, conditions: [...verdict.conditions, ...warningCondition(warnings)] };
}

function waiting(resources: Resources): readonly Verdict[] {
  const objects = [
    ...resources.trafficPolicies,
    ...resources.securityPolicies,
    ...resources.externalWorkloads,
  ];
  return objects.map((object) => verdictWithoutMesh(originOf(object)));
}
