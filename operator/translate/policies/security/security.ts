// How a port of a workload is guarded: its mutual TLS mode, who may call, and which objects say so.
import type { Mesh } from '../../../../api/v1alpha1/mesh.ts';
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import type { AuthorizationIr, MtlsModeIr } from '../../../ir/inbound.ts';
import type { Origin } from '../../../ir/origin.ts';
import { mergeOrigins, originOf } from '../../facts/origins.ts';
import { rememberLast, sameItems } from '../../../values/remember.ts';
import type { Protocol } from '../../facts/protocol.ts';
import type { Workload } from '../../facts/workload.ts';
import { type Attachment, holdsAt, type SecurityAttachments } from './attach.ts';
import { policyRules, unionOf } from './authorization.ts';
import { boundedDeny } from './denied-connections.ts';

interface MtlsDecision {
  readonly mode: MtlsModeIr;
  /** The object that decided it. */
  readonly origin: Origin;
}

interface Guard {
  readonly mtls: MtlsModeIr;
  readonly authorization: AuthorizationIr;
  /** The Mesh if its mode holds, and every policy that shapes the guard. */
  readonly origins: readonly Origin[];
}

export interface Security {
  /** port null: the ports that no Service names. */
  mtls(workload: Workload, port: number | null): MtlsDecision;
  guard(workload: Workload, port: number | null, protocol: Protocol): Guard;
}

/** Security of one batch after another: as long as mesh and policies stay, so do the guards it gives out. */
export function createSecurityMaker(): (mesh: Mesh, attachments: SecurityAttachments) => Security {
  let last: { readonly inputs: readonly unknown[]; readonly guards: Map<string, Guard> } | null = null;
  return rememberLast((mesh, attachments) => {
    const inputs = [mesh, ...attachments.policies];
    if (last === null || !sameItems(last.inputs, inputs)) last = { inputs, guards: new Map() };
    return createSecurity(mesh, attachments, last.guards);
  });
}

/** `guards`: Pods of one Deployment are guarded alike: by the same policies, hence by the same value. */
function createSecurity(mesh: Mesh, attachments: SecurityAttachments, guards: Map<string, Guard>): Security {
  const { policies, byWorkload } = attachments;
  const fallback: MtlsDecision = { mode: mesh.spec.mtls.mode, origin: originOf(mesh) };
  const rulesOf = new Map(policies.map((policy) => [policy, policyRules(policy, mesh.spec.trustDomain)]));
  const indexOf = new Map(policies.map((policy, index) => [policy, index]));
  const holding = (workload: Workload, port: number | null): readonly Attachment[] =>
    byWorkload.get(workload.key)?.filter((attachment) => holdsAt(attachment, port)) ?? [];

  return {
    mtls: (workload, port) => decideMtls(holding(workload, port), fallback),
    guard(workload, port, protocol) {
      const here = holding(workload, port);
      const key = `${protocol} ${here.map(({ policy }) => indexOf.get(policy)).join()}`;
      const known = guards.get(key);
      if (known !== undefined) return known;
      const guard = bounded(
        protocol,
        buildGuard(here, fallback, (policy) => rulesOf.get(policy)?.[protocol]),
      );
      guards.set(key, guard);
      return guard;
    },
  };
}

function buildGuard(
  holding: readonly Attachment[],
  mesh: MtlsDecision,
  rulesOf: (policy: SecurityPolicy) => AuthorizationIr | undefined,
): Guard {
  const decision = decideMtls(holding, mesh);
  const policies = new Set(holding.map(({ policy }) => policy));
  const authorizing = [...policies].filter((policy) => policy.spec.authorization !== undefined);
  // SPIFFE ids in rules and certificates carry the Mesh's trust domain, whoever decides the mode.
  const shapedByMesh = decision.mode !== 'Disabled' || authorizing.length > 0 ? [mesh.origin] : [];
  return {
    mtls: decision.mode,
    authorization: unionOf(authorizing.flatMap((policy) => rulesOf(policy) ?? [])),
    origins: mergeOrigins([decision.origin], shapedByMesh, authorizing.map(originOf)),
  };
}

function bounded(protocol: Protocol, guard: Guard): Guard {
  if (protocol === 'HTTP') return guard;
  const { deny, allow } = guard.authorization;
  return { ...guard, authorization: { deny: boundedDeny(deny), allow } };
}

/** holding: in the order of precedence. The first that has a mode decides, else the Mesh. */
function decideMtls(holding: readonly Attachment[], fallback: MtlsDecision): MtlsDecision {
  for (const { policy } of holding) {
    if (policy.spec.mtls !== undefined) return { mode: policy.spec.mtls.mode, origin: originOf(policy) };
  }
  return fallback;
}
