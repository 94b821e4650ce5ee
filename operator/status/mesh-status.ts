// The status of a Mesh: what becomes of its own settings, and how many policies, workloads and proxies are as they are to be.
// Pure. Entry: meshStatus.
import { kindDefinition } from '../../api/v1alpha1/kinds.ts';
import type { MeshStatus } from '../../api/v1alpha1/mesh.ts';
import type { ConditionDraft } from '../conditions/conditions.ts';
import type { MetricsReport } from '../conditions/metrics-report.ts';
import type { ProviderReport } from '../conditions/provider-report.ts';
import type { WorkloadReport } from '../conditions/workload-report.ts';
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import type { AbsentWorkload } from './absent.ts';
import { filesOnly } from '../certificates/delivery.ts';
import { deliveredOf, type DeliveryReport } from './delivered.ts';
import { deletionsOf } from './deletions.ts';
import { injectedOf } from './injected.ts';
import { injectionReadyOf } from './injection-ready.ts';
import type { Judged } from './judged.ts';
import { authorityHealthyOf } from './authority-healthy.ts';
import { metricsWithinBudgetOf } from './metrics-within-budget.ts';
import { conditionsOf, timestamp } from './object-status.ts';
import type { Programmed, Published } from './programmed.ts';
import { type CertificateReport, readyOf } from './ready.ts';
import { telemetryDeliveredOf } from './telemetry-delivered.ts';
import { rootRotatedOf, rootRotationField } from './root-rotation.ts';

export interface MeshContext {
  /** All objects. */
  readonly judged: readonly Judged[];
  readonly published: Published;
  readonly proxies: readonly ProxyReport[];
  readonly absent: readonly AbsentWorkload[];
  readonly certificates: CertificateReport;
  readonly providers: readonly ProviderReport[];
  /** Absent where this operator gives nobody a sidecar. */
  readonly workloads?: WorkloadReport | undefined;
  /** Of traffic, for Prometheus. */
  readonly metrics: MetricsReport;
  readonly now: Date;
  /** The same time as it is written. */
  readonly at: string;
}

export function meshStatus({ verdict, isAccepted, programmed }: Judged, context: MeshContext): MeshStatus {
  const { at, certificates, now } = context;
  const drafts = [...verdict.conditions, programmed.condition, readyOf(isAccepted, certificates, now)];
  // Another Mesh than the one in force has no proxies, no workloads and no certificates.
  if (!isAccepted && programmed.total === 0) return { conditions: conditionsOf(drafts, verdict.origin, at) };
  return {
    conditions: conditionsOf([...drafts, ...ofTheMesh(context)], verdict.origin, at),
    proxies: proxyCounts(programmed, context),
    policies: policyCounts(context.judged),
    ...workloadCounts(context.workloads),
    ...certificateTimes(certificates),
  };
}

/** What only the status of the Mesh in force says. */
function ofTheMesh(context: MeshContext): readonly ConditionDraft[] {
  const { judged, published, workloads, absent, certificates, metrics, now } = context;
  const { rotation, authority, delivery } = certificates;
  const rotated = rotation === undefined ? undefined : rootRotatedOf(rotation, now);
  const healthy = authority === undefined ? undefined : authorityHealthyOf(authority, rotation?.wish.mode);
  const injected = workloads === undefined ? [] : [injectedOf(workloads, absent)];
  const injection = workloads === undefined ? undefined : injectionReadyOf(workloads.injection);
  const delivered = delivery === undefined ? undefined : deliveredOf(delivery);
  const budget = metricsWithinBudgetOf(metrics);
  const found = [injection, healthy, delivered, rotated, budget].filter((it) => it !== undefined);
  const others = [...injected, ...found, ...telemetryDeliveredOf(context.providers)];
  if (published === null) return others;
  const present = judged.map(({ verdict }) => verdict.origin);
  return [...others, deletionsOf(present, published.acks, published.specifiedOf)];
}

function proxyCounts(
  { programmed, total }: Programmed,
  { proxies, absent }: Pick<MeshContext, 'proxies' | 'absent'>,
): NonNullable<MeshStatus['proxies']> {
  const connected = proxies.filter(({ leftAtMs }) => leftAtMs === null);
  const current = connected.filter(({ lagging, former }) => lagging.length + former.length === 0).length;
  const rejecting = connected.filter(({ rejected }) => rejected.length > 0).length;
  const unreachable = proxies.length - connected.length + absent.length;
  const summary = `${programmed}/${total}`;
  return { connected: connected.length, current, rejecting, unreachable, summary };
}

function policyCounts(judged: readonly Judged[]): NonNullable<MeshStatus['policies']> {
  const policies = judged.filter(({ verdict }) => kindDefinition(verdict.origin.kind)?.role === 'policy');
  const programmed = policies.filter((it) => it.programmed.condition.status === 'True').length;
  return { programmed, total: policies.length, summary: `${programmed}/${policies.length}` };
}

function workloadCounts(report: WorkloadReport | undefined): Pick<MeshStatus, 'workloads'> {
  if (report === undefined) return {};
  const { injected, pending, refused, barePods } = report;
  return { workloads: { injected, pending, refused, unmeshed: barePods.length } };
}

function deliveryField(report: DeliveryReport | undefined): {
  readonly delivery?: 'Secret' | 'PodCertificate';
} {
  const { inUse, isPossible, why } = report?.delivery ?? filesOnly;
  return isPossible && why !== null ? { delivery: inUse } : {};
}

function certificateTimes({
  rootNotAfter,
  nextRenewal,
  rotation,
  authority,
  delivery,
}: CertificateReport): Pick<MeshStatus, 'certificates'> {
  const rootRotation = rotation && rootRotationField(rotation);
  const intermediate = authority?.expiry.intermediate ?? undefined;
  if (rootNotAfter === undefined && nextRenewal === undefined) return {};
  return {
    certificates: {
      ...(rootNotAfter && { rootNotAfter: timestamp(rootNotAfter) }),
      ...(intermediate && { intermediateNotAfter: timestamp(intermediate) }),
      ...(nextRenewal && { nextRenewal: timestamp(nextRenewal) }),
      ...deliveryField(delivery),
      ...(rootRotation && { rootRotation }),
    },
  };
}
