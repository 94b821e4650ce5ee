// MeshIr: the mesh in its own words, between what users wrote and what Envoy is told. Imports nothing of the
// other rooms. Every list is sorted by its key, so that equal meshes are equal values.
import type { Origin } from './origin.ts';
import type { AccessLogIr } from './access-log.ts';
import type { AllowedHostIr } from './allowed-host.ts';
import type { ProviderIr, TracingIr } from './provider.ts';
import type { InboundPortIr } from './inbound.ts';
import type { ServicePortIr } from './service.ts';

export interface MeshIr {
  readonly settings: MeshSettingsIr;
  /** One for each port of each service, sorted by key. */
  readonly services: readonly ServicePortIr[];
  /** One for each workload with a sidecar, sorted by key. */
  readonly workloads: readonly WorkloadIr[];
  /** The identities for which certificates are issued: service accounts in use in meshed namespaces, sorted. */
  readonly identities: readonly IdentityIr[];
}

export interface MeshSettingsIr {
  readonly name: string;
  readonly trustDomain: string;
  readonly outboundMode: 'AllowAny' | 'RegistryOnly';
  /** Hosts outside the mesh that are known by name, and may be called in every mode. Sorted by port, protocol and host. */
  readonly allowedHosts: readonly AllowedHostIr[];
  /** Whether names of hosts are read on ports 443 and 80, too, where none is in the list. */
  readonly learnsHosts: boolean;
  /** Sorted by name. */
  readonly accessLogs: readonly AccessLogIr[];
  /** Sorted by name. */
  readonly providers: readonly ProviderIr[];
  /** null: sidecars take no part in traces. */
  readonly tracing: TracingIr | null;
  readonly certificates: CertificatesIr;
  readonly sidecar: SidecarIr;
  /** Absent: the defaults. */
  readonly metrics?: MetricsIr;
  /** Where the dashboard reads what is older than an hour: a URL without a slash at its end. Absent: nowhere. */
  readonly prometheusUrl?: string;
  readonly origin: Origin;
}

/** Of traffic, for Prometheus. */
export interface MetricsIr {
  /** Whose sidecars count: both, or those of called workloads only. */
  readonly reporters: 'Both' | 'Destination';
  /** Beside those that all have; sorted. */
  readonly labels: readonly ('Port' | 'Route' | 'ResponseCode' | 'ResponseFlags')[];
  /** That each operator serves. */
  readonly maxSeries: number;
}

export const defaultMetrics: MetricsIr = { reporters: 'Both', labels: [], maxSeries: 50_000 };

export interface CertificatesIr {
  readonly authority: AuthorityIr;
  /** How pods are to get them; absent: as the cluster permits. */
  readonly delivery?: 'Secret' | 'PodCertificate';
  readonly ttlMs: number;
  /** Those issued before are to be replaced; milliseconds since 1970. */
  readonly issuedAfterMs: number | null;
  readonly rootRotation: RootRotationIr;
}

/**
 * Who signs certificates. Intermediate: what the Secret in the namespace of the operator holds. CertManager: an issuer of cert-manager, asked
 * for each.
 */
export type AuthorityIr =
  | { readonly type: 'BuiltIn' }
  | { readonly type: 'Intermediate'; readonly secretName: string }
  | {
      readonly type: 'CertManager';
      readonly issuer: IssuerRefIr;
      /** PEM of the root that its certificates have to lead to; null: the one that the issuer names. */
      readonly caBundle: string | null;
    };

export interface IssuerRefIr {
  readonly name: string;
  /** Issuer, ClusterIssuer, or that of an issuer that is not cert-manager's own. */
  readonly kind: string;
  readonly group: string;
}

export interface RootRotationIr {
  readonly mode: 'Proceed' | 'Abort';
  /** A root issued before is to be replaced; milliseconds since 1970. */
  readonly issuedAfterMs: number | null;
  readonly renewBeforeMs: number;
  readonly phaseTimeoutMs: number;
}

/** What the user asked for about the sidecars of pods. */
export interface SidecarIr {
  /** Labels a namespace must have for its workloads to get one. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** null: the operator's default. */
  readonly image: string | null;
  readonly initImage: string | null;
  readonly resources: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  };
  readonly excludeInboundPorts: readonly number[];
  readonly excludeOutboundPorts: readonly number[];
  readonly excludeOutboundCidrs: readonly string[];
  /** Workloads that may be rolled at a time. */
  readonly maxConcurrentRollouts: number;
  /** Whether pods are evicted whose workload cannot be rolled by its template. Absent: no. */
  readonly evictsOtherPods?: boolean;
  readonly drainSeconds: number;
}

export interface IdentityIr {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** `spiffe://<trust domain>/ns/<namespace>/sa/<service account>` */
  readonly spiffeId: string;
}

/** A workload with a sidecar: a meshed Pod, or an ExternalWorkload with a service account. */
export interface WorkloadIr {
  /** `Pod/shop/reviews-v1-abc` or `ExternalWorkload/shop/reviews-v1`. */
  readonly key: string;
  readonly kind: 'Pod' | 'ExternalWorkload';
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly identity: IdentityIr;
  /** Its node has made its key; absent: the key comes from a Secret or a file. */
  readonly hasPodCertificate?: true;
  /** Whose routes it has, where they are not the same for all callers: `namespace/qa`; null: those of everybody else. */
  readonly audience: string | null;
  /** null: not known, or no service asks for it. */
  readonly zone: string | null;
  /** Pods: traffic is redirected to 15001 and 15006. Otherwise the sidecar has a listener for each port and binding. */
  readonly intercepted: boolean;
  readonly addresses: readonly string[];
  /** Sorted by port. */
  readonly inbound: readonly InboundPortIr[];
  /** Intercepted only: what holds for ports that no Service names. */
  readonly otherInbound: Pick<InboundPortIr, 'mtls' | 'authorization'>;
  /** Not intercepted only: where the application reaches other services. Sorted by address and port. */
  readonly bindings: readonly BindingIr[];
  /** Names of the access logs that it writes besides those that all do, sorted. */
  readonly accessLogs: readonly string[];
  /** Names of the sampling rules that it obeys besides those that all do, sorted. Absent: none. */
  readonly sampling?: readonly string[];
  readonly origins: readonly Origin[];
}

export interface BindingIr {
  readonly address: string;
  readonly port: number;
  /** Key of a ServicePortIr. */
  readonly service: string;
  /** TLS: TCP of which each connection begins with a TLS handshake of the application. */
  readonly protocol: 'HTTP' | 'TCP' | 'TLS';
}
