// Our part of a pod template: two init containers, one volume, annotations. Entry: renderSidecar.
// Pure: operator/reconcile decides whether, and platform/kubernetes writes it.
import { type BootstrapOptions, renderBootstrap } from './bootstrap.ts';
import { certificateFolder } from '../values/certificate-files.ts';
import { fingerprint } from '../values/fingerprint.ts';
import { interceptionRules, type InterceptionOptions, sidecarUser } from './interception.ts';
import { certificateVolume } from '../values/pod-certificates.ts';
import { initContainer, proxyContainer } from './pod-names.ts';
import { type CertificateSource, renderCertificates } from './certificate-volume.ts';
import { injectedKey, revisionLabel } from '../values/own-names.ts';

type Json = Readonly<Record<string, unknown>>;

export interface SidecarOptions {
  /** Envoy; `envoy` is in its PATH. */
  readonly image: string;
  /** Ours: operator/intercept.ts, iptables and ip6tables are in it. */
  readonly initImage: string;
  /** Of the sidecar; as Kubernetes writes them. */
  readonly resources: ContainerResources;
  readonly bootstrap: Omit<BootstrapOptions, 'adminPort' | 'baseDirectory' | 'adminAddress' | 'memoryLimit'>;
  readonly interception: InterceptionOptions;
  readonly readinessPath: string;
  readonly certificates: CertificateSource;
  /**
   * How long the sidecar stays, at least, when its pod ends: callers must have learned that it goes. 0: as long as the
   * application. Kubernetes refuses more than the pod's grace period.
   */
  readonly drainSeconds: number;
  /** Of the settings of the mesh: a value of the label by which people see with which ones a pod was made. */
  readonly revision: string;
}

export interface ContainerResources {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}

/** Ours in a pod template, named so that server-side apply owns nothing else. */
export interface SidecarPart {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly initContainers: readonly NamedPart[];
  readonly volumes: readonly NamedPart[];
}

export interface NamedPart extends Json {
  readonly name: string;
}

/** What a pod knows of itself, as Kubernetes puts it into arguments: for the node id. */
export const podVariables = {
  namespace: '$(POD_NAMESPACE)',
  name: '$(POD_NAME)',
  uid: '$(POD_UID)',
} as const;

/** Envoy starts here; the shared configuration names `certificates/…` relative to it. */
const workingDirectory = '/run/meshwright';
const adminPort = 15_000;
/** In the working directory of the image: operator/intercept.ts, bundled. */
export const interceptionProgram = 'intercept.cjs';

/**
 * settings: what the user asked for, in any form; its fingerprint and that of what is rendered become the annotation,
 * so that a newer operator can tell its own new ways from a user's new wishes.
 */
export function renderSidecar(options: SidecarOptions, settings: unknown): SidecarPart {
  const { volume, annotations } = renderCertificates(options.certificates);
  const part = {
    labels: { [revisionLabel]: options.revision },
    initContainers: [renderInit(options), renderProxy(options)],
    volumes: [volume],
  };
  const injected = `${fingerprint(settings)}.${fingerprint(part)}`;
  return { annotations: { [injectedKey]: injected, ...annotations }, ...part };
}

/** Runs once, before all others, as root: nobody else may write the rules of the pod's network. */
function renderInit({ initImage, resources, interception }: SidecarOptions): NamedPart {
  return {
    name: initContainer,
    image: initImage,
    command: ['node', interceptionProgram],
    env: [
      fieldVariable('POD_IP', 'status.podIP'),
      fieldVariable('HOST_IP', 'status.hostIP'),
      { name: 'MESHWRIGHT_RULES_IPV4', value: interceptionRules(4, interception) },
      { name: 'MESHWRIGHT_RULES_IPV6', value: interceptionRules(6, interception) },
      { name: 'MESHWRIGHT_OUTBOUND_PORT', value: String(interception.ports.outbound) },
    ],
    resources,
    securityContext: {
      runAsUser: 0,
      runAsGroup: 0,
      // A pod may say runAsNonRoot: true for all of its containers.
      runAsNonRoot: false,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

function renderProxy(options: SidecarOptions): NamedPart {
  return {
    name: proxyContainer,
    image: options.image,
    // Makes it a sidecar: it starts before and ends after the application. @see https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
    restartPolicy: 'Always',
    command: ['envoy'],
    args: proxyArguments(options),
    workingDir: workingDirectory,
    env: [
      fieldVariable('POD_NAMESPACE', 'metadata.namespace'),
      fieldVariable('POD_NAME', 'metadata.name'),
      fieldVariable('POD_UID', 'metadata.uid'),
    ],
    resources: options.resources,
    startupProbe: startupProbe(options),
    ...(options.drainSeconds > 0 && {
      lifecycle: { preStop: { sleep: { seconds: options.drainSeconds } } },
    }),
    volumeMounts: [
      { name: certificateVolume, mountPath: certificateFolder(workingDirectory), readOnly: true },
    ],
    securityContext: {
      runAsUser: sidecarUser,
      runAsGroup: sidecarUser,
      runAsNonRoot: true,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

function proxyArguments({ bootstrap, resources, drainSeconds }: SidecarOptions): readonly string[] {
  return [
    '--config-yaml',
    JSON.stringify(renderBootstrap({ ...bootstrap, memoryLimit: resources.limits?.['memory'], adminPort })),
    // Envoy's default is a worker for each CPU of the node.
    '--concurrency',
    '2',
    '--drain-time-s',
    String(Math.max(drainSeconds, 1)),
    // No shared memory to hand over: one Envoy a container.
    '--disable-hot-restart',
    '--log-level',
    'warning',
  ];
}

/**
 * The application waits for it. The listener comes by ADS alone, so it says that configuration and certificate are there;
 * Envoy's own /ready does not. Once a second for 10 minutes, then the container is started anew.
 */
function startupProbe({ readinessPath, interception }: SidecarOptions): Json {
  return {
    httpGet: { path: readinessPath, port: interception.ports.readiness },
    periodSeconds: 1,
    timeoutSeconds: 3,
    failureThreshold: 600,
  };
}

function fieldVariable(name: string, fieldPath: string): NamedPart {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}
