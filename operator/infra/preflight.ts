// Reasons not to touch a workload, found before anything is written, as data: a condition and an Event instead of a
// broken rollout. Entry: preflight. Pure.
import { sidecarUser } from './interception.ts';
import { ownContainers } from './pod-names.ts';

export type RefusalReason =
  | 'KubernetesTooOld'
  | 'HostNetwork'
  | 'NotLinux'
  | 'PodSecurity'
  | 'NameTaken'
  | 'RunsAsSidecarUser'
  | 'InvalidAnnotation';

export interface Refusal {
  readonly reason: RefusalReason;
  /** A full sentence that says what to do. */
  readonly message: string;
}

export interface PreflightSubject {
  readonly template: TemplateFacts;
  /** Of those of our names that are in the template: ones we did not put there. */
  readonly foreignNames: readonly string[];
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly kubernetesVersion: KubernetesVersion;
}

export interface TemplateFacts {
  readonly hostNetwork: boolean;
  /** Operating systems that the pods ask for. */
  readonly systems: readonly string[];
  readonly podRunAsUser: number | undefined;
  readonly containers: readonly { readonly name: string; readonly runAsUser: number | undefined }[];
}

export interface KubernetesVersion {
  readonly major: number;
  readonly minor: number;
}

/** Sidecar containers are on by default from 1.29, sleeping before the end from 1.30. */
const oldest: KubernetesVersion = { major: 1, minor: 30 };
export const enforceLabel = 'pod-security.kubernetes.io/enforce';

/** In a fixed order; none: it may be injected. */
export function preflight(subject: PreflightSubject): readonly Refusal[] {
  return [
    ...tooOld(subject),
    ...hostNetwork(subject),
    ...notLinux(subject),
    ...podSecurity(subject),
    ...nameTaken(subject),
    ...runsAsSidecarUser(subject),
  ];
}

function tooOld({ kubernetesVersion: { major, minor } }: PreflightSubject): readonly Refusal[] {
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return [];
  return refused(
    'KubernetesTooOld',
    `The cluster runs Kubernetes ${major}.${minor}, but sidecars need ${oldest.major}.${oldest.minor} or later. Upgrade the cluster.`,
  );
}

/** Our rules would be written into the network of the node. */
function hostNetwork({ template }: PreflightSubject): readonly Refusal[] {
  if (!template.hostNetwork) return [];
  return refused(
    'HostNetwork',
    'The pods use the host network, so their traffic cannot be redirected. Remove hostNetwork, ' +
      'or opt out with the pod template label meshwright.dev/inject: "false".',
  );
}

function notLinux({ template }: PreflightSubject): readonly Refusal[] {
  const other = template.systems.find((name) => name !== 'linux');
  if (other === undefined) return [];
  return refused(
    'NotLinux',
    `The pods run on ${other}, and sidecars on Linux only. Opt out with the pod template label meshwright.dev/inject: "false".`,
  );
}

/** The workload would be accepted, its pods would not. */
function podSecurity({ namespaceLabels }: PreflightSubject): readonly Refusal[] {
  const level = namespaceLabels[enforceLabel] ?? 'privileged';
  if (level === 'privileged') return [];
  return refused(
    'PodSecurity',
    `Its namespace enforces the Pod Security level ${level}, which forbids the init container that redirects traffic ` +
      `(NET_ADMIN, NET_RAW). Set the namespace label ${enforceLabel} to privileged, or remove the namespace from the mesh.`,
  );
}

function nameTaken({ foreignNames }: PreflightSubject): readonly Refusal[] {
  if (foreignNames.length === 0) return [];
  return refused(
    'NameTaken',
    `The pod template already uses the names ${foreignNames.join(' and ')}, which Meshwright needs. Rename these containers and volumes.`,
  );
}

/** What runs as the sidecar's user is taken for the sidecar: its connections would bypass the mesh. */
function runsAsSidecarUser({ template: { containers, podRunAsUser } }: PreflightSubject): readonly Refusal[] {
  const names = containers
    .filter(
      ({ name, runAsUser = podRunAsUser }) => runAsUser === sidecarUser && !ownContainers.includes(name),
    )
    .map(({ name }) => name);
  if (names.length === 0) return [];
  return refused(
    'RunsAsSidecarUser',
    `Container ${names.join(', ')} runs as user ${sidecarUser}, which is reserved for the sidecar, so its traffic would bypass the mesh. ` +
      'Choose another runAsUser.',
  );
}

function refused(reason: RefusalReason, message: string): readonly Refusal[] {
  return [{ reason, message }];
}
