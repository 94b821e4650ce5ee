// The one interface between Meshwright and where it runs. `kubernetes/` and `files/` implement it; nothing
// behind the store knows which one it is.
// What workloads, pods and Leases look like stands in workload-port.ts, pod-port.ts, pod-certificate-port.ts and lease-port.ts.
import type { AnyStatus } from '../../api/v1alpha1/kinds.ts';
import type { ObjectRef, StoredObject } from '../objects/objects.ts';
import type { AccessPort } from './access-port.ts';
import type { CertificateRequestPort } from './certificate-request-port.ts';
import type { ConfigMapPort } from './config-map-port.ts';
import type { InjectionPolicyPort } from './injection-policy-port.ts';
import type { LeasePort } from './lease-port.ts';
import type { PodCertificatePort } from './pod-certificate-port.ts';
import type { PodPort } from './pod-port.ts';
import type { WorkloadEvent, WorkloadPort } from './workload-port.ts';

export interface Platform {
  readonly name: 'kubernetes' | 'files';
  /**
   * Delivers every object, then changes, for ever: through restarts of the API server, 410 Gone and silent
   * connections. Resolves when `signal` aborts. Rejects only if it can never work (bad settings).
   */
  watch(sink: ObjectSink, signal: AbortSignal): Promise<void>;
  readonly statuses: StatusPort;
  readonly secrets: SecretPort;
  readonly configMaps: ConfigMapPort;
  /** Absent where there are no issuers outside. */
  readonly certificateRequests?: CertificateRequestPort;
  /** Absent where nobody makes pods from templates. */
  readonly workloads?: WorkloadPort;
  /** Absent where no API server adds sidecars. */
  readonly injectionPolicy?: InjectionPolicyPort;
  /** Absent where there are none. */
  readonly pods?: PodPort;
  /** Absent where no kubelets are. */
  readonly podCertificates?: PodCertificatePort;
  /** Absent where nobody knows who may look at the dashboard: whoever reaches the loopback address may. */
  readonly access?: AccessPort;
  /** Absent where there is one operator. */
  readonly leases?: LeasePort;
  /** Frees what it holds, after everything else has ended. */
  close?(): void;
}

/** Takes what a platform sees. Synchronous: only notes it down. */
export interface ObjectSink {
  upsert(object: StoredObject): void;
  remove(ref: ObjectRef): void;
  /**
   * The present version of one of our objects is not valid. instead: what is in force in its place, as a full
   * sentence. Default: the last valid version, if there is one.
   */
  reject(ref: ObjectRef, generation: number, problems: readonly string[], instead?: string): void;
  /** All kinds have been listed once; called once. */
  synced(): void;
}

export interface StatusPort {
  /** Conditions as last written, to keep lastTransitionTime over a restart; undefined if the object has none or is gone. */
  read(ref: ObjectRef): Promise<ObjectStatus | undefined>;
  /**
   * Replaces the status of the object, and tells of it in Events where there are any: one that cannot be written is left out. Retries
   * conflicts by itself; an object that is gone is no error.
   * Rejects if the write failed, so that the caller tries again later.
   */
  write(ref: ObjectRef, status: ObjectStatus, events?: readonly WorkloadEvent[]): Promise<void>;
}

/** The status of any object of ours. */
export type ObjectStatus = Readonly<AnyStatus>;

/** Certificates at rest: kubernetes.io/tls Secrets, or folders that are swapped atomically like a kubelet's. */
export interface SecretPort {
  /** One of ours. */
  read(namespace: string, name: string): Promise<SecretData | undefined>;
  /** One that a user brought, whoever made it. It is never written. */
  readBrought(namespace: string, name: string): Promise<SecretData | undefined>;
  /**
   * Writes it only if there is none, in one step: of several that race, one gets 'created' and the others 'exists'.
   */
  create(
    namespace: string,
    name: string,
    data: SecretData,
    labels: Readonly<Record<string, string>>,
  ): Promise<'created' | 'exists'>;
  /**
   * Replaces it only if it still holds what was read before, in one step: of several that race, one gets 'replaced'. Whatever cannot be
   * replaced for another reason rejects.
   */
  replace(namespace: string, name: string, change: SecretChange): Promise<'replaced' | 'changed'>;
  /** Creates or replaces. labels mark it as ours. */
  write(
    namespace: string,
    name: string,
    data: SecretData,
    labels: Readonly<Record<string, string>>,
  ): Promise<void>;
}

export interface SecretChange {
  /** As it was read. */
  readonly before: SecretData;
  readonly data: SecretData;
  readonly labels: Readonly<Record<string, string>>;
}

/** File name → content, for example tls.crt, tls.key, ca.crt. Never logged: see redacted.ts. */
export type SecretData = Readonly<Record<string, string>>;
