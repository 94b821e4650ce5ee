// The values that flow through the operator, each a cell on one board. The board is made first; then the parts, each with the
// cells that it reads and those that it writes (parts.ts has the table).
import type { Delivery } from '../certificates/delivery.ts';
import { type IssuerState, nothingIssued } from '../certificates/issuer-ports.ts';
import type { WaitingRequest } from '../certificates/pod-signer.ts';
import type { Evidence } from '../certificates/rotation.ts';
import type { ServerCertificate } from '../certificates/server-certificate.ts';
import type { AuditReport } from '../conditions/audit-report.ts';
import { type MetricsReport, nothingFolded } from '../conditions/metrics-report.ts';
import type { QuotaReport } from '../conditions/quota-report.ts';
import type { StrictReport } from '../conditions/strict-report.ts';
import type { ProviderReport } from '../conditions/provider-report.ts';
import type { KeyReport } from '../conditions/key-report.ts';
import type { Change } from '../dashboard/views/json.ts';
import type { WorkloadReport } from '../conditions/workload-report.ts';
import type { WorkloadIr } from '../ir/mesh-ir.ts';
import type { ObjectRef, StoredObject } from '../objects/objects.ts';
import type { ObjectSink, ObjectStatus } from '../ports/platform.ts';
import { type Cell, createCell, createLazyCell, type LazyCell } from '../process/cell.ts';
import type { Resources } from '../store/resources.ts';
import type { MetricsPage } from '../traffic-metrics/exposition.ts';
import type { QuotaMessage } from '../replicas/quota-message.ts';
import type { Counted } from '../telemetry/point.ts';
import { noObservations, type Observations } from '../telemetry/observations.ts';
import type { Translation } from '../translate/translate.ts';
import type { GrpcService } from '../xds/server/endpoint.ts';
import type { ProxyReport } from '../xds/session/proxy-report.ts';
import type { Snapshot } from '../xds/snapshot/types.ts';

/** One call of an ObjectSink. */
export type ObjectChange =
  | { readonly type: 'upsert'; readonly object: StoredObject }
  | { readonly type: 'remove'; readonly ref: ObjectRef }
  /** All that was said: what is in force instead, too. */
  | { readonly type: 'reject'; readonly said: Parameters<ObjectSink['reject']> }
  | { readonly type: 'synced' };

/** What the proxy of a workload has to prove: who it is, and where. */
export type ProvableWorkload = Pick<
  WorkloadIr,
  'kind' | 'namespace' | 'name' | 'uid' | 'identity' | 'addresses'
>;

export interface Board {
  /** What the platform saw last: each change is one write. */
  readonly change: Cell<ObjectChange | null>;
  /** The last settled batch; null before the first. */
  readonly resources: Cell<Resources | null>;
  /** The mesh in force and the verdicts on all objects, of the last batch that could be translated. */
  readonly translation: Cell<Translation>;
  /** Workload key → what its proxy has to prove, of the last mesh there was; null before the first. */
  readonly identities: Cell<ReadonlyMap<string, ProvableWorkload> | null>;
  /** The operator's own certificate, with the roots that all of the mesh trust; null before the first. */
  readonly serverCertificate: Cell<ServerCertificate | null>;
  /** How pods get their certificates; null while that is not known. */
  readonly delivery: Cell<Delivery | null>;
  /** Requests for certificates of pods that are not signed. */
  readonly waitingRequests: Cell<readonly WaitingRequest[]>;
  /** How the issuing of certificates goes. */
  readonly certificates: Cell<IssuerState>;
  /** How the keys of issuers are that are fetched; empty while this operator does not lead. */
  readonly keyReports: Cell<readonly KeyReport[]>;
  /** Whom policies on trial would refuse; empty while this operator does not lead. */
  readonly auditReports: Cell<readonly AuditReport[]>;
  /** Who uses how much of which quota; empty while this operator does not lead. */
  readonly quotaReports: Cell<readonly QuotaReport[]>;
  /** What this operator leaves out of the metrics of traffic for want of room. */
  readonly metricsReport: Cell<MetricsReport>;
  /** Why ports are not Strict yet that are to be; empty while this operator does not lead. */
  readonly strictReports: Cell<readonly StrictReport[]>;
  /** PEM of the roots in the snapshot; null before the first. Written after it. */
  readonly publishedTrust: Cell<string | null>;
  /** What the sidecars have shown of their roots and certificates: a root is not replaced before they are ready for it. */
  readonly rootEvidence: LazyCell<Evidence>;
  /** What proxies are to have: written when it differs from before; null before the first. */
  readonly snapshot: Cell<Snapshot | null>;
  /** Reports of the proxies that are connected to this operator, on the present snapshot. */
  readonly ownProxies: LazyCell<readonly ProxyReport[]>;
  /** Keys of their workloads. Changed: one has come whose layer is not in the snapshot. */
  readonly ownWorkloads: LazyCell<ReadonlySet<string>>;
  /** Some of them have not acknowledged all of the present snapshot yet. */
  readonly isConverging: LazyCell<boolean>;
  /** 0 while it is not open. */
  readonly xdsPort: LazyCell<number>;
  /** What other operators call on the xDS port. */
  readonly peerServices: Cell<readonly GrpcService[]>;
  /** What sidecars call on the xDS port, beside xDS. */
  readonly telemetryServices: Cell<readonly GrpcService[]>;
  /** What sidecars call on the xDS port about quotas. */
  readonly quotaServices: Cell<readonly GrpcService[]>;
  /** What sidecars call with logs and spans. */
  readonly signalServices: Cell<readonly GrpcService[]>;
  /** How the providers of telemetry take what this operator sends them. */
  readonly providerReports: Cell<readonly ProviderReport[]>;
  /** A report on quotas for the leader, or an assignment of this operator, which leads, for a sidecar elsewhere: each is one write. */
  readonly quotasOut: Cell<QuotaMessage | null>;
  /** The same from other operators. */
  readonly quotasIn: Cell<QuotaMessage | null>;
  /** What a sidecar reported to this operator last: each report is one write. */
  readonly ownCounts: Cell<Counted | null>;
  /** What a sidecar reported to another operator, while this one leads: each report is one write. */
  readonly peerCounts: Cell<Counted | null>;
  /** What sidecars counted in the last hour: those of all operators, as far as this one leads; else its own. */
  readonly observations: LazyCell<Observations>;
  /** What Prometheus is told of the traffic of the sidecars that report to this operator. */
  readonly trafficMetrics: LazyCell<MetricsPage>;
  /** Reports of the proxies of all operators, as far as this one leads; else its own. */
  readonly proxies: LazyCell<readonly ProxyReport[]>;
  /** Keys of their workloads: whose layers are built. Changed: it may have grown. */
  readonly connectedWorkloads: LazyCell<ReadonlySet<string>>;
  /** undefined where nobody is given a sidecar. */
  readonly workloadReport: LazyCell<WorkloadReport | undefined>;
  /** By refKey: the statuses that objects have or are about to have. */
  readonly statuses: LazyCell<ReadonlyMap<string, ObjectStatus>>;
  /** Who holds the Lease (formatHolder); '' while nobody does, or where there is none. */
  readonly leader: Cell<string>;
  /** The latest publications and how long each took, the latest first. */
  readonly recentChanges: LazyCell<readonly Change[]>;
  /** 0 while it is not open. */
  readonly adminPort: LazyCell<number>;
  /** Why the platform stopped watching, which it must not. */
  readonly watchFailure: Cell<Error | null>;
}

export function createBoard(): Board {
  return {
    change: createCell<ObjectChange | null>(null),
    resources: createCell<Resources | null>(null),
    translation: createCell<Translation>({
      ir: null,
      verdicts: [],
      podRecords: [],
      mtlsPlaces: [],
      addressClaims: [],
      keySources: [],
    }),
    identities: createCell<ReadonlyMap<string, ProvableWorkload> | null>(null),
    serverCertificate: createCell<ServerCertificate | null>(null),
    delivery: createCell<Delivery | null>(null),
    waitingRequests: createCell<readonly WaitingRequest[]>([]),
    certificates: createCell(nothingIssued),
    keyReports: createCell<readonly KeyReport[]>([]),
    signalServices: createCell<readonly GrpcService[]>([]),
    providerReports: createCell<readonly ProviderReport[]>([]),
    auditReports: createCell<readonly AuditReport[]>([]),
    quotaReports: createCell<readonly QuotaReport[]>([]),
    metricsReport: createCell(nothingFolded),
    strictReports: createCell<readonly StrictReport[]>([]),
    publishedTrust: createCell<string | null>(null),
    rootEvidence: createLazyCell<Evidence>({ publishedTrust: null, proxies: [] }),
    snapshot: createCell<Snapshot | null>(null),
    ownProxies: createLazyCell<readonly ProxyReport[]>([]),
    ownWorkloads: createLazyCell<ReadonlySet<string>>(new Set()),
    isConverging: createLazyCell(false),
    xdsPort: createLazyCell(0),
    peerServices: createCell<readonly GrpcService[]>([]),
    telemetryServices: createCell<readonly GrpcService[]>([]),
    quotaServices: createCell<readonly GrpcService[]>([]),
    quotasOut: createCell<QuotaMessage | null>(null),
    quotasIn: createCell<QuotaMessage | null>(null),
    ownCounts: createCell<Counted | null>(null),
    peerCounts: createCell<Counted | null>(null),
    observations: createLazyCell(noObservations),
    trafficMetrics: createLazyCell<MetricsPage>({ type: 'text/plain', pieces: [] }),
    proxies: createLazyCell<readonly ProxyReport[]>([]),
    connectedWorkloads: createLazyCell<ReadonlySet<string>>(new Set()),
    workloadReport: createLazyCell<WorkloadReport | undefined>(undefined),
    statuses: createLazyCell<ReadonlyMap<string, ObjectStatus>>(new Map()),
    leader: createCell(''),
    recentChanges: createLazyCell<readonly Change[]>([]),
    adminPort: createLazyCell(0),
    watchFailure: createCell<Error | null>(null),
  };
}
