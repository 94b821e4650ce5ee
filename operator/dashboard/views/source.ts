// What the views are made from: all that the operator knows at one moment.
import type { IssuerState } from '../../certificates/issuer-ports.ts';
import type { Verdict } from '../../conditions/conditions.ts';
import type { MeshIr } from '../../ir/mesh-ir.ts';
import type { Pod } from '../../objects/objects.ts';
import type { ObjectStatus } from '../../ports/platform.ts';
import type { Resources } from '../../store/resources.ts';
import type { Observations } from '../../telemetry/observations.ts';
import type { ProxyReport } from '../../xds/session/proxy-report.ts';
import type { Snapshot } from '../../xds/snapshot/types.ts';
import type { Change } from './json.ts';

export type PolicyObjects = Pick<Resources, 'meshes' | 'trafficPolicies' | 'securityPolicies'>;

export interface Source {
  readonly ir: MeshIr | null;
  readonly pods: readonly Pod[];
  /** Pod key → `Deployment/reviews`. */
  readonly owners: ReadonlyMap<string, string>;
  readonly objects: PolicyObjects;
  readonly verdicts: readonly Verdict[];
  readonly observations: Observations;
  readonly proxies: readonly ProxyReport[];
  readonly snapshot: Snapshot | null;
  /** By refKey; empty while this operator does not lead. */
  readonly statuses: ReadonlyMap<string, ObjectStatus>;
  readonly certificates: IssuerState;
  /** The latest first. */
  readonly changes: readonly Change[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}
