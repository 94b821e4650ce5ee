// The Mesh in force: the oldest. The condition of every other Mesh names it.
import { shortestLifeMs } from '../../values/pod-certificates.ts';
import type { Mesh } from '../../../api/v1alpha1/mesh.ts';
import { durationMs } from '../../../api/duration.ts';
import {
  type AuthorityIr,
  type CertificatesIr,
  defaultMetrics,
  type MeshSettingsIr,
  type SidecarIr,
} from '../../ir/mesh-ir.ts';
import { reason, type Verdict } from '../../conditions/conditions.ts';
import { compareAge, whyFirst } from './precedence.ts';
import { compareText } from '../../values/compare-text.ts';
import { accessLogs } from './access-logs.ts';
import { isSameValue } from '../../values/same-value.ts';
import { providers, tracing } from './providers.ts';
import { allowedHosts } from './allowed-hosts.ts';
import { originOf } from './origins.ts';
import { acceptedCondition, type Problem } from './verdicts.ts';

interface MeshElection {
  readonly mesh: Mesh | undefined;
  readonly verdicts: readonly Verdict[];
}

export function electMesh(meshes: readonly Mesh[]): MeshElection {
  const [mesh, ...others] = [...meshes].toSorted(compareAge);
  if (mesh === undefined) return { mesh, verdicts: [] };
  const conflictOf = (other: Mesh): Problem => ({
    reason: reason.conflicted,
    message: `Mesh ${mesh.metadata.name} is already in force because ${whyFirst(mesh, other)}. Delete this Mesh, and change that one instead.`,
  });
  return {
    mesh,
    verdicts: [
      { origin: originOf(mesh), conditions: [acceptedCondition([], certificateNotes(mesh))] },
      ...others.map((other) => ({
        origin: originOf(other),
        conditions: [acceptedCondition([conflictOf(other)], [])],
      })),
    ],
  };
}

export function meshSettings(mesh: Mesh): MeshSettingsIr {
  return {
    name: mesh.metadata.name,
    trustDomain: mesh.spec.trustDomain,
    outboundMode: mesh.spec.outbound.mode,
    allowedHosts: allowedHosts(mesh),
    learnsHosts: mesh.spec.outbound.learn,
    accessLogs: accessLogs(mesh),
    providers: providers(mesh),
    tracing: tracing(mesh),
    certificates: certificateSettings(mesh),
    sidecar: sidecarSettings(mesh),
    ...metricsSettings(mesh),
    ...prometheusSettings(mesh),
    origin: originOf(mesh),
  };
}

/** What pod certificates cannot be. */
function certificateNotes({ spec: { certificates } }: Mesh): readonly string[] {
  const { authority, delivery, workloadTTL } = certificates;
  if (delivery === 'Secret') return [];
  if (authority.type === 'CertManager')
    return delivery === 'Auto'
      ? []
      : [
          'An issuer of cert-manager cannot sign pod certificates, so no sidecar is added: set spec.certificates.delivery to Auto, or use an intermediate that cert-manager issues.',
        ];
  if (durationMs(workloadTTL) >= shortestLifeMs) return [];
  return [
    `spec.certificates.workloadTTL is ${workloadTTL}, but Kubernetes permits no pod certificate of less than 1h: where pods have pod certificates, these are valid for 1h.`,
  ];
}

function certificateSettings({ spec: { certificates } }: Mesh): CertificatesIr {
  const { authority, delivery, workloadTTL, issuedAfter, rootRotation } = certificates;
  return {
    authority: authoritySettings(authority),
    ...(delivery !== 'Auto' && { delivery }),
    ttlMs: durationMs(workloadTTL),
    issuedAfterMs: timeMs(issuedAfter),
    rootRotation: {
      mode: rootRotation.mode,
      issuedAfterMs: timeMs(rootRotation.issuedAfter),
      renewBeforeMs: durationMs(rootRotation.renewBefore),
      phaseTimeoutMs: durationMs(rootRotation.phaseTimeout),
    },
  };
}

function authoritySettings({
  type,
  secretRef,
  issuerRef,
  caBundle,
}: Mesh['spec']['certificates']['authority']): AuthorityIr {
  // The schema wants what belongs to the type.
  if (type === 'Intermediate') return { type, secretName: secretRef?.name ?? '' };
  if (type === 'CertManager' && issuerRef !== undefined)
    return { type, issuer: issuerRef, caBundle: caBundle ?? null };
  return { type: 'BuiltIn' };
}

/** RFC 3339; null where there is none. */
function timeMs(time = ''): number | null {
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? null : ms;
}

/** Lists are sorted: another order is no other wish, and must not roll workloads. */
function sidecarSettings({ spec: { sidecar, namespaceSelector } }: Mesh): SidecarIr {
  const { interception, rollout } = sidecar;
  return {
    namespaceLabels: namespaceSelector.matchLabels,
    image: sidecar.image ?? null,
    initImage: sidecar.initImage ?? null,
    resources: { requests: { ...sidecar.resources.requests }, limits: { ...sidecar.resources.limits } },
    excludeInboundPorts: sortedPorts(interception.excludeInboundPorts),
    excludeOutboundPorts: sortedPorts(interception.excludeOutboundPorts),
    excludeOutboundCidrs: interception.excludeOutboundCIDRs.toSorted(compareText),
    maxConcurrentRollouts: rollout.maxConcurrent,
    ...(rollout.otherPods === 'Evict' && { evictsOtherPods: true }),
    drainSeconds: Math.ceil(durationMs(sidecar.drain) / 1000),
  };
}

function metricsSettings({ spec: { telemetry } }: Mesh): Pick<MeshSettingsIr, 'metrics'> {
  const { reporters, labels, maxSeries } = telemetry.metrics;
  const metrics = { reporters, labels: labels.toSorted(compareText), maxSeries };
  return isSameValue(metrics, defaultMetrics) ? {} : { metrics };
}

function prometheusSettings({ spec: { telemetry } }: Mesh): Pick<MeshSettingsIr, 'prometheusUrl'> {
  const { prometheus } = telemetry;
  return prometheus === undefined ? {} : { prometheusUrl: prometheus.url.replace(/\/+$/, '') };
}

function sortedPorts(ports: readonly number[]): readonly number[] {
  return ports.toSorted((a, b) => a - b);
}
