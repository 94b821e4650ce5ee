// What a workload ought to have of ours. Entry: desiredOf. Pure: what the cluster and the operator are comes in as a
// value.
import type { Delivery } from '../../certificates/delivery.ts';
import { certificateSecretName } from '../../certificates/names.ts';
import type { CertificateSource } from '../../infra/certificate-volume.ts';
import { mostAccountCharacters, osLabel } from '../../infra/injection-conditions.ts';
import type { KubernetesVersion } from '../../infra/preflight.ts';
import { preflight, type Refusal } from '../../infra/preflight.ts';
import { renderSidecar, type SidecarOptions, type SidecarPart } from '../../infra/sidecar.ts';
import type { MeshSettingsIr } from '../../ir/mesh-ir.ts';
import type { LabelSelector } from '../../objects/objects.ts';
import type { LiveWorkload } from '../../ports/workload-port.ts';
import { matchesLabels, matchesSelector } from '../../values/labels.ts';
import { neverMeshed } from '../../values/never-meshed.ts';
import type { Actual } from './actual.ts';
import type { Environment } from './environment.ts';
import { type Exclusions, readExclusions } from './exclusions.ts';
import { meshOptionsOf } from './mesh-options.ts';
import { probeNotices } from './probe-notices.ts';

/** Who adds sidecars. */
export type InjectionWay =
  /** We do, to pod templates. */
  | { readonly type: 'Template' }
  /**
   * The API server does, to pods; templates stay as they are. revision: what pods that are created now get, in these namespaces. It follows the Mesh with
   * a delay, or not at all if the API server rejects it.
   */
  | { readonly type: 'Policy'; readonly revision: string; readonly namespaces: LabelSelector };

export interface World {
  /** null: no Mesh is in force. */
  readonly mesh: MeshSettingsIr | null;
  /** Of the workload's namespace. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly kubernetesVersion: KubernetesVersion;
  readonly delivery: Delivery;
  readonly way: InjectionWay;
  readonly environment: Environment;
}

export type Desired =
  | { readonly type: 'absent'; readonly awaitsPolicy: boolean }
  | { readonly type: 'refused'; readonly refusals: readonly [Refusal, ...Refusal[]] }
  | {
      readonly type: 'present';
      readonly part: SidecarPart;
      readonly certificates: CertificateSource;
      /** What will not be as it was, and what to do: full sentences. */
      readonly notices: readonly string[];
    }
  /** On its pods, by the API server; nothing in the template. */
  | {
      readonly type: 'byPolicy';
      readonly revision: string;
      readonly certificates: CertificateSource;
      readonly notices: readonly string[];
      /** Whether new pods would come otherwise than desired: the policy in force says something else of the namespace than the Mesh does. */
      readonly awaitsPolicy: boolean;
    };

const defaultGraceSeconds = 30;

export function desiredOf(live: LiveWorkload, actual: Actual, world: World): Desired {
  const { mesh } = world;
  if (actual.optOut === 'false') return { type: 'absent', awaitsPolicy: false };
  const hasPolicy = isInForce(live.ref.namespace, world);
  if (mesh === null || !isSelected(live.ref.namespace, world))
    return { type: 'absent', awaitsPolicy: hasPolicy };
  const exclusions = readExclusions(live.template.annotations);
  const refusals = [...preflight(subjectOf(live, actual, world)), ...misread(exclusions)];
  const [first, ...others] = refusals;
  if (first !== undefined) return { type: 'refused', refusals: [first, ...others] };
  if (typeof exclusions === 'string') return { type: 'absent', awaitsPolicy: hasPolicy };
  const options = optionsOf(live, { mesh, exclusions, world });
  const { certificates } = options;
  const excludedPorts = new Set(options.interception.excludeInboundPorts);
  const notices = probeNotices(live.template, excludedPorts);
  const { way } = world;
  if (way.type === 'Policy' && isInPolicy(live))
    return { type: 'byPolicy', revision: way.revision, certificates, notices, awaitsPolicy: !hasPolicy };
  return { type: 'present', part: renderSidecar(options, settingsOf(options, mesh)), certificates, notices };
}

/** The policy leaves pods alone whose service accounts have longer names. */
function isInPolicy({ template }: LiveWorkload): boolean {
  return accountOf(template).length <= mostAccountCharacters;
}

function accountOf({ spec }: LiveWorkload['template']): string {
  return spec.serviceAccountName ?? 'default';
}

export function isSelected(
  namespace: string,
  { mesh, namespaceLabels, environment }: Pick<World, 'mesh' | 'namespaceLabels' | 'environment'>,
): boolean {
  if (mesh === null || neverMeshed(environment.ownNamespace).includes(namespace)) return false;
  return matchesLabels(mesh.sidecar.namespaceLabels, namespaceLabels);
}

/** Whether the API server adds sidecars to pods of the namespace now. */
export function isInForce(
  namespace: string,
  { way, namespaceLabels }: Pick<World, 'way' | 'namespaceLabels'>,
): boolean {
  const labels = { ...namespaceLabels, 'kubernetes.io/metadata.name': namespace };
  return way.type === 'Policy' && matchesSelector(way.namespaces, labels);
}

/** Whether pods that are made now would have a sidecar, as far as it depends on their namespace. */
export function isMember(namespace: string, world: World): boolean {
  return isSelected(namespace, world) && (world.way.type === 'Template' || isInForce(namespace, world));
}

function subjectOf(
  { template: { spec } }: LiveWorkload,
  { foreignNames }: Actual,
  { namespaceLabels, kubernetesVersion }: World,
): Parameters<typeof preflight>[0] {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  return {
    template: {
      hostNetwork: spec.hostNetwork === true,
      systems: [spec.os?.name, spec.nodeSelector?.[osLabel]].filter((name) => name !== undefined),
      podRunAsUser: spec.securityContext?.runAsUser,
      containers: containers.map(({ name, securityContext }) => ({
        name,
        runAsUser: securityContext?.runAsUser,
      })),
    },
    foreignNames,
    namespaceLabels,
    kubernetesVersion,
  };
}

function misread(exclusions: Exclusions | string): readonly Refusal[] {
  return typeof exclusions === 'string' ? [{ reason: 'InvalidAnnotation', message: exclusions }] : [];
}

function optionsOf(
  live: LiveWorkload,
  { mesh, exclusions, world }: { mesh: MeshSettingsIr; exclusions: Exclusions; world: World },
): SidecarOptions {
  const common = meshOptionsOf(mesh, world.environment, world.delivery);
  const { interception } = common;
  return {
    ...common,
    interception: {
      ...interception,
      excludeInboundPorts: [...interception.excludeInboundPorts, ...exclusions.inboundPorts],
      excludeOutboundPorts: [...interception.excludeOutboundPorts, ...exclusions.outboundPorts],
      excludeOutboundCidrs: [...interception.excludeOutboundCidrs, ...exclusions.outboundCidrs],
    },
    certificates: certificatesOf(live, world.delivery),
    drainSeconds: drainSeconds(live, common.drainSeconds),
  };
}

function certificatesOf({ template }: LiveWorkload, { inUse }: Delivery): CertificateSource {
  if (inUse === 'PodCertificate') return { type: inUse };
  return { type: inUse, secret: certificateSecretName(accountOf(template)) };
}

/** Nobody calls the pod of a job; and the API server refuses a sleep beyond the grace period. */
function drainSeconds({ ref, template }: LiveWorkload, wanted: number): number {
  if (ref.kind === 'CronJob') return 0;
  return Math.min(wanted, template.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds);
}

/** What of it somebody asked for: not the defaults of this operator, nor how it renders the rest. */
function settingsOf(options: SidecarOptions, { name, trustDomain, sidecar }: MeshSettingsIr): unknown {
  const { resources, interception, certificates } = options;
  const { ports: _, ...exclusions } = interception;
  return {
    mesh: name,
    trustDomain,
    xds: options.bootstrap.xds,
    image: sidecar.image,
    initImage: sidecar.initImage,
    resources,
    exclusions,
    ...(certificates.type === 'Secret'
      ? { certificateSecret: certificates.secret }
      : { certificates: certificates.type }),
    drainSeconds: options.drainSeconds,
  };
}
