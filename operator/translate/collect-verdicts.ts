// The verdicts on all objects of a mesh in one list, worked out anew only for the kinds that something changed for.
import type { Mesh } from '../../api/v1alpha1/mesh.ts';
import type { Verdict } from '../conditions/conditions.ts';
import type { MeshIr } from '../ir/mesh-ir.ts';
import { originKey } from '../ir/origin.ts';
import { rememberLast } from '../values/remember.ts';
import { accessLogWarnings } from './facts/access-logs.ts';
import { tracingWarnings } from './facts/providers.ts';
import { samplingWarnings } from './facts/sampling.ts';
import { allowedHostWarnings } from './facts/allowed-hosts.ts';
import type { ForeignEndpoints } from './facts/foreign-endpoints.ts';
import { identityOf } from './facts/identity.ts';
import { originOf } from './facts/origins.ts';
import type { ServedPorts } from './facts/served-ports.ts';
import type { Problem } from './facts/verdicts.ts';
import type { WorkloadIndex } from './facts/workload.ts';
import type { SecurityAttachments } from './policies/security/attach.ts';

import type { Logins } from './policies/security/login.ts';
import type { Found } from './policies/security/security.ts';
import type { Authorizers } from './policies/security/authorizer-references.ts';
import { type AuthorizerState, createAuthorizerWatch } from './policies/security/authorizer-state.ts';
import { undeclaredPorts } from './policies/security/port-warnings.ts';
import { unmeshedTargets } from './policies/security/unmeshed.ts';
import { type AboutTargets, securityVerdicts } from './policies/security/verdicts.ts';
import { conditionsOf } from './policies/traffic/audiences.ts';
import { createEmptySubsetFinder } from './policies/traffic/empty-subsets.ts';
import { createHealthCheckWarner } from './policies/traffic/health-check-warnings.ts';
import { createLimitWarner } from './policies/traffic/limit-warnings.ts';
import { createLocalityWarner } from './policies/traffic/locality-warnings.ts';
import { createRetryWarner } from './policies/traffic/retry-chains.ts';
import type { Referable } from './policies/traffic/references.ts';
import type { Effect } from './policies/traffic/resolve.ts';
import type { Traffic } from './policies/traffic/traffic.ts';
import { joinWarnings } from './policies/traffic/warnings.ts';
import { trafficVerdicts } from './policies/traffic/verdicts.ts';

export interface Judged {
  readonly traffic: Traffic;
  readonly referable: Referable;
  readonly foreign: ForeignEndpoints;
  readonly attachments: SecurityAttachments;
  readonly authorizers: Authorizers;
  readonly referred: Pick<Found, 'logins'>;
  readonly workloads: WorkloadIndex;
  readonly served: ServedPorts;
  readonly external: readonly Verdict[];
  readonly mesh: Mesh;
}

export interface Verdicts {
  /** Not on the Mesh. */
  readonly verdicts: readonly Verdict[];
  /** On the Mesh in force. */
  readonly meshWarnings: readonly Problem[];
}

export type VerdictCollector = (ir: MeshIr, judged: Judged) => Verdicts;

/** The same list as in the batch before if nothing in it changed. */
export function createVerdictCollector(): VerdictCollector {
  const findEmptySubsets = createEmptySubsetFinder();
  const findZoneWarnings = createLocalityWarner();
  const findDeniedChecks = createHealthCheckWarner();
  const findLimits = createLimitWarner();
  const joinAll = rememberLast(joinWarnings);
  const unmeshed = rememberLast(unmeshedTargets);
  const undeclared = rememberLast(undeclaredPorts);
  const aboutTargets = rememberLast(
    (...[withoutSidecar, ports]: [AboutTargets['unmeshed'], AboutTargets['undeclared']]): AboutTargets => ({
      unmeshed: withoutSidecar,
      undeclared: ports,
    }),
  );
  const ofTraffic = rememberLast(trafficVerdicts);
  const ofSecurity = rememberLast(securityVerdicts);
  const join = rememberLast((...lists: readonly (readonly Verdict[])[]) => lists.flat());
  const callersIn = rememberLast(namedCallers);
  const wideIn = rememberLast(wideObjects);
  const hostsIn = rememberLast(allowedHostWarnings);
  const tracesIn = rememberLast(tracingWarnings);
  const samplingIn = rememberLast(samplingWarnings);
  const logsIn = rememberLast(accessLogWarnings);
  const findRetries = createRetryWarner();
  const watchAuthorizers = createAuthorizerWatch();
  const referredTo = rememberLast((state: AuthorizerState, logins: Logins) => ({ state, logins }));
  return (ir, judged) => {
    const { traffic, referable, foreign, attachments, authorizers, referred, workloads, served } = judged;
    const { external, mesh } = judged;
    const retries = findRetries({
      services: ir.services,
      workloads: ir.workloads,
      namedCallers: callersIn(traffic.byPort, mesh),
      wide: wideIn(traffic.targets, mesh),
    });
    const zones = findZoneWarnings(traffic, ir.services, ir.workloads);
    const limits = findLimits(traffic.limits, served, ir.workloads);
    const warnings = joinAll(retries, zones, findDeniedChecks(traffic, ir), limits);
    return {
      verdicts: join(
        ofTraffic(traffic, referable, findEmptySubsets(ir.services), foreign, warnings),
        ofSecurity(
          attachments,
          ir.workloads,
          aboutTargets(unmeshed(attachments, workloads), undeclared(attachments, workloads, served)),
          referredTo(watchAuthorizers(authorizers, ir), referred.logins),
        ),
        external,
      ),
      meshWarnings: [
        ...(warnings[originKey(originOf(mesh))] ?? []),
        ...hostsIn(mesh),
        ...logsIn(mesh),
        ...tracesIn(mesh),
        ...samplingIn(mesh),
      ],
    };
  };
}

/** Key of a service port → SPIFFE ids of callers that its routes name one by one. */
function namedCallers(byPort: Traffic['byPort'], { spec }: Mesh): ReadonlyMap<string, readonly string[]> {
  const named = new Map<string, readonly string[]>();
  for (const [port, traffic] of byPort) {
    const accounts = [traffic, ...traffic.consumers].flatMap((effect) => accountsNamedBy(effect));
    const ids = [...new Set(accounts)].map((account) => {
      const [namespace = '', name = ''] = account.split('/');
      return identityOf(spec.trustDomain, namespace, name).spiffeId;
    });
    if (ids.length > 0) named.set(port, ids);
  }
  return named;
}

/** A consumer policy means those of its own namespace. */
function accountsNamedBy({ routing }: Effect): readonly string[] {
  if (routing === null) return [];
  const { value, consumer } = routing;
  const named = conditionsOf(value.routes).flatMap(({ serviceAccounts }) => serviceAccounts);
  return consumer === null ? named : named.filter((account) => account.startsWith(`${consumer}/`));
}

function wideObjects(targets: Traffic['targets'], mesh: Mesh): ReadonlySet<string> {
  const policies = [...targets.keys()].filter(({ spec }) =>
    spec.targetRefs.some(({ kind }) => kind === 'Namespace' || kind === 'Mesh'),
  );
  return new Set([mesh, ...policies].map((object) => originKey(originOf(object))));
}
