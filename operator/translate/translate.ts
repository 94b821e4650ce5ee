// Resources → the mesh in its own words, and a verdict on each object a user wrote.
import type { MeshIr } from '../ir/mesh-ir.ts';
import type { Verdict } from '../status/conditions.ts';
import type { Resources } from '../store/resources.ts';

export interface Translation {
  /** null while there is no accepted Mesh. */
  readonly ir: MeshIr | null;
  /** One for each Mesh, TrafficPolicy, SecurityPolicy and ExternalWorkload, sorted by kind, namespace, name. */
  readonly verdicts: readonly Verdict[];
}

export function translate(_resources: Resources): Translation {
  return { ir: null, verdicts: [] };
}
