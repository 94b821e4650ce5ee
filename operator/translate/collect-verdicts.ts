// The verdicts on all objects of a mesh in one list, worked out anew only for the kinds that something changed for.
import type { Verdict } from '../conditions/conditions.ts';
import type { MeshIr } from '../ir/mesh-ir.ts';
import { rememberLast } from '../values/remember.ts';
import type { ForeignEndpoints } from './facts/foreign-endpoints.ts';
import type { WorkloadIndex } from './facts/workload.ts';
import type { SecurityAttachments } from './policies/security/attach.ts';
import { unmeshedTargets } from './policies/security/unmeshed.ts';
import { securityVerdicts } from './policies/security/verdicts.ts';
import { createEmptySubsetFinder } from './policies/traffic/empty-subsets.ts';
import type { Traffic } from './policies/traffic/traffic.ts';
import { trafficVerdicts } from './policies/traffic/verdicts.ts';

export interface Judged {
  readonly traffic: Traffic;
  readonly foreign: ForeignEndpoints;
  readonly attachments: SecurityAttachments;
  readonly workloads: WorkloadIndex;
  readonly external: readonly Verdict[];
}

export type VerdictCollector = (ir: MeshIr, judged: Judged) => readonly Verdict[];

/** The same list as in the batch before if nothing in it changed. */
export function createVerdictCollector(): VerdictCollector {
  const findEmptySubsets = createEmptySubsetFinder();
  const unmeshed = rememberLast(unmeshedTargets);
  const ofTraffic = rememberLast(trafficVerdicts);
  const ofSecurity = rememberLast(securityVerdicts);
  const join = rememberLast((...lists: readonly (readonly Verdict[])[]) => lists.flat());
  return (ir, { traffic, foreign, attachments, workloads, external }) =>
    join(
      ofTraffic(traffic, findEmptySubsets(ir.services), foreign),
      ofSecurity(attachments, ir.workloads, unmeshed(attachments, workloads)),
      external,
    );
}
