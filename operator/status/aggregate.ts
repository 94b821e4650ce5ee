// Verdicts and acknowledgements → the status of every object a user wrote. Entry: aggregate. Pure: it knows
// neither platform nor clock, and nothing it says flows back into translation.
import { isMeshwrightKind } from '../../api/v1alpha1/kinds.ts';
import type { Origin } from '../ir/origin.ts';
import type { ObjectStatus } from '../ports/platform.ts';
import type { AuditReport } from '../conditions/audit-report.ts';
import type { QuotaReport } from '../conditions/quota-report.ts';
import type { ProviderReport } from '../conditions/provider-report.ts';
import type { KeyReport } from '../conditions/key-report.ts';
import type { WorkloadReport } from '../conditions/workload-report.ts';
import { type ObjectRef, refKey } from '../objects/objects.ts';
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import type { Snapshot } from '../xds/snapshot/types.ts';
import type { Verdict } from '../conditions/conditions.ts';
import type { AbsentWorkload } from './absent.ts';
import { type MetricsReport, nothingFolded } from '../conditions/metrics-report.ts';
import { AckIndex } from './ack-index.ts';
import type { SpecifiedOf } from './blame.ts';
import { type AuditsByPolicy, auditsByPolicy, auditStatusOf, wouldRefuseOf } from './would-refuse.ts';
import { type KeysByPolicy, keysByPolicy, keysFetchedOf } from './keys-fetched.ts';
import { type StrictTransitions, unfinishedByOrigin } from './strict-pending.ts';
import { type QuotasByPolicy, quotasByPolicy, quotaStatusOf } from './quota-usage.ts';
import { meshStatus } from './mesh-status.ts';
import { conditionsOf, continueStatus, type StatusUpdate, timestamp } from './object-status.ts';
import { type Judged, judge } from './judged.ts';
import type { Published } from './programmed.ts';
import type { CertificateReport } from './ready.ts';

export interface AggregateInput {
  readonly verdicts: readonly Verdict[];
  /** What is published; null until the first publication. Made from the same resources as `verdicts`. */
  readonly snapshot: Snapshot | null;
  /** How the proxies stand to this very snapshot: a report on an earlier one would prove nothing. */
  readonly proxies: readonly ProxyReport[];
  /** Workloads with a sidecar that runs, as far as anybody can see, and of which there is no report. */
  readonly absent: readonly AbsentWorkload[];
  readonly operatorNamespace: string;
  readonly certificates: CertificateReport;
  /** Of the keys of issuers that are fetched. */
  readonly keys: readonly KeyReport[];
  /** Of providers of telemetry. */
  readonly providers: readonly ProviderReport[];
  /** Of policies on trial. */
  readonly audits: readonly AuditReport[];
  /** Of quotas. Default: none is asked for. */
  readonly quotas?: readonly QuotaReport[];
  /** Of traffic, for Prometheus. Default: nothing is folded. */
  readonly metrics?: MetricsReport;
  /** Of ports that are not Strict yet. */
  readonly transitions: StrictTransitions;
  /** Absent where this operator gives nobody a sidecar. */
  readonly workloads?: WorkloadReport | undefined;
  /** Statuses by refKey as they were before, for lastTransitionTime. */
  readonly previous: ReadonlyMap<string, ObjectStatus>;
  /** By refKey, the latest generation that all proxies once obeyed. */
  readonly proven: ReadonlyMap<string, number>;
  /** To say where in an object the mistake is. Asked only once something is refused. */
  readonly specifiedOf: SpecifiedOf;
  readonly now: Date;
}

/** One update for each verdict, in their order. A status that did not change is the object in `previous` itself. */
export function aggregate(input: AggregateInput): StatusUpdate[] {
  const published: Published =
    input.snapshot === null
      ? null
      : {
          snapshot: input.snapshot,
          acks: new AckIndex(input.snapshot, input),
          specifiedOf: input.specifiedOf,
        };
  // Written out once: the same text for thousands of conditions.
  const at = timestamp(input.now);
  const unfinished = unfinishedByOrigin(input.transitions);
  const judged = input.verdicts.map((verdict) => {
    const proven = input.proven.get(refKey(refOfOrigin(verdict.origin)));
    return judge(verdict, published, proven, unfinished);
  });
  const mesh = { metrics: nothingFolded, ...input, at, published, judged };
  const found = {
    keys: keysByPolicy(input.keys),
    audits: auditsByPolicy(input.audits),
    quotas: quotasByPolicy(input.quotas ?? []),
  };
  return judged.map((it) => {
    const { origin } = it.verdict;
    const ref = refOfOrigin(origin);
    const status = origin.kind === 'Mesh' ? meshStatus(it, mesh) : policyStatus(it, found, at);
    return { ref, status: continueStatus(input.previous.get(refKey(ref)), status) };
  });
}

interface Found {
  readonly keys: KeysByPolicy;
  readonly audits: AuditsByPolicy;
  readonly quotas: QuotasByPolicy;
}

function policyStatus(
  { verdict, programmed }: Judged,
  { keys, audits, quotas }: Found,
  at: string,
): ObjectStatus {
  const { condition, programmed: obeying, total } = programmed;
  const { conditions, origin } = verdict;
  const more = [...keysFetchedOf(origin, keys), ...wouldRefuseOf(origin, audits)];
  return {
    conditions: conditionsOf([...conditions, ...more, condition], origin, at),
    proxies: { programmed: obeying, total, summary: `${obeying}/${total}` },
    ...auditStatusOf(origin, audits),
    ...quotaStatusOf(origin, quotas),
  };
}

/** The object that a verdict is on. */
export function refOfOrigin({ kind, namespace, name }: Origin): ObjectRef {
  if (isMeshwrightKind(kind)) return { kind, namespace, name };
  throw new Error(`There is a verdict on a ${kind}, which has no status of ours.`);
}
