// What the dashboard's pages are told, as JSON. The front end imports these types and those of json-history.ts, and nothing else of the operator.

/** Traffic of the last complete minutes. Rates are per second. */
export interface Numbers {
  readonly requests: number;
  /** Share of requests, 0 to 1, that were answered, and not with 5xx; null: there were none. */
  readonly success: number | null;
  /** Milliseconds, interpolated within a bucket; of slots of five minutes; null: none were measured. */
  readonly p50: number | null;
  readonly p99: number | null;
  /** Of TCP. */
  readonly connections: number;
  readonly bytes: number;
  /** Share of calls, 0 to 1, over mutual TLS; null: there were none. */
  readonly mtls: number | null;
}

/** Of a node: `service/shop/reviews`, `workload/shop/visitor`, `account/shop/default`, `outside`, `host/api.example.org:443`. */
export type NodeId = string;

export type NodeKind = 'service' | 'workload' | 'account' | 'outside' | 'host';

export interface GraphNode {
  readonly id: NodeId;
  readonly kind: NodeKind;
  /** '' of what is in none. */
  readonly namespace: string;
  readonly name: string;
  /** What is called here. */
  readonly numbers: Numbers;
  readonly proxies: ProxyCount;
}

export interface ProxyCount {
  readonly all: number;
  /** Connected, with all that they are to have acknowledged. */
  readonly current: number;
  /** That refused something. */
  readonly rejecting: number;
}

export interface GraphEdge {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly numbers: Numbers;
}

/** What is the same on every page. */
export interface Seen {
  /** ISO 8601. */
  readonly at: string;
  /** Since when this operator counts, ISO 8601: when it began to lead, or an hour ago. */
  readonly since: string;
  /** Over so many seconds the rates are averages; 0: no ten seconds are complete yet. */
  readonly seconds: number;
  /** Whether the Mesh names a Prometheus, so that more than this is known. */
  readonly hasHistory: boolean;
}

export interface GraphView extends Seen {
  /** Sorted by id. */
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  /** Of the whole mesh: requests that sidecars received. */
  readonly numbers: Numbers;
  readonly proxies: ProxyCount;
}

/** One proxy, and how it stands to all that it is to have. */
export interface ProxyRow {
  /** Key of its workload: `Pod/shop/reviews-1`. */
  readonly workload: string;
  /** null: its workload is gone. */
  readonly node: NodeId | null;
  /** Current: it has acknowledged all. Away: it has left. Unseen: it has not connected since the operator began to lead. */
  readonly state: 'Current' | 'Pending' | 'Rejected' | 'Away' | 'Unseen';
  /** What it waits for or refuses, in words; ''. */
  readonly detail: string;
  /** ISO 8601; null: it has everything, or nobody knows. */
  readonly since: string | null;
  /** When the certificate of its connection was issued, ISO 8601; null: unknown. */
  readonly issued: string | null;
}

export interface PolicyLine {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** What it targets, in words. */
  readonly targets: string;
  readonly accepted: boolean;
  /** null: nobody can tell at this moment. */
  readonly programmed: boolean | null;
  readonly proxies: { readonly programmed: number; readonly total: number };
  /** Others decide some of it, or all. */
  readonly isOverridden: boolean;
  /** It is in effect, but probably does not do what was intended. */
  readonly hasWarning: boolean;
  /** Requests that its rules would have refused; null: it is not on trial. */
  readonly wouldRefuse: number | null;
}

export interface PoliciesView {
  /** False: another operator leads and writes statuses, or this one has just begun. */
  readonly isKnown: boolean;
  readonly policies: readonly PolicyLine[];
}

export interface PolicyCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  /** ISO 8601. */
  readonly since: string;
}

export interface PolicyView extends PolicyLine {
  readonly generation: number;
  readonly conditions: readonly PolicyCondition[];
  /** Policies that override it, and that it overrides: `kind/namespace/name`. */
  readonly overriddenBy: readonly string[];
  readonly overrides: readonly string[];
  /** Proxies that do not obey it, first, then those that do: at most 200. */
  readonly obedience: readonly Obedience[];
  readonly audit: readonly AuditLine[];
  readonly quotas: readonly QuotaLine[];
}

/** A quota at a Service, in its present period. */
export interface QuotaLine {
  readonly name: string;
  /** `shop/ratings`; '' while nobody asks for it, or if its period is shorter than a minute. */
  readonly service: string;
  /** `100 in 24h`; with costs `100 units in 24h, 1 to 5 a request by x-cost`, and then admitted counts units. */
  readonly limit: string;
  /** All, Caller, Path, or the name of a header. */
  readonly per: string;
  readonly window: string;
  readonly isEnforced: boolean;
  /** When the period began, ISO 8601; null: nobody asks for it. */
  readonly since: string | null;
  readonly admitted: number;
  readonly refused: number;
  /** Different callers, values or paths. */
  readonly keys: number;
  /** Those with the most requests, at most five. */
  readonly users: readonly { readonly key: string; readonly admitted: number; readonly refused: number }[];
}

export interface Obedience {
  readonly workload: string;
  readonly node: NodeId | null;
  readonly state: 'Obeys' | 'Pending' | 'Rejected' | 'Away';
  readonly why: string;
}

/** Requests of one caller that the rules of a policy on trial would have refused. */
export interface AuditLine {
  readonly policy: string;
  readonly caller: string;
  readonly object: string;
  readonly port: string;
  /** Name of the Deny rule; '': no Allow rule matches. */
  readonly rule: string;
  readonly requests: number;
  /** ISO 8601. */
  readonly last: string;
}

export interface AuditView {
  readonly policies: readonly PolicyLine[];
  readonly refusals: readonly AuditLine[];
}

export interface NodeView extends Seen {
  readonly node: GraphNode;
  readonly callers: readonly NamedEdge[];
  readonly callees: readonly NamedEdge[];
  readonly workloads: readonly WorkloadLine[];
  /** That shape what its proxies or its callers do. */
  readonly policies: readonly PolicyLine[];
  /** Who called without mutual TLS in the window: addresses, and whose they are as far as is known. */
  readonly plaintext: readonly {
    readonly address: string;
    readonly object: string;
    readonly calls: number;
  }[];
}

export interface NamedEdge {
  readonly id: NodeId;
  readonly name: string;
  readonly numbers: Numbers;
}

export interface WorkloadLine extends ProxyRow {
  readonly identity: string;
  readonly addresses: readonly string[];
  readonly ports: readonly { readonly port: number; readonly protocol: string; readonly mtls: string }[];
  readonly numbers: Numbers;
}

export interface ProxiesView {
  readonly proxies: ProxyCount;
  /** At most 1,000; those that are not current first. */
  readonly rows: readonly ProxyRow[];
}

export interface CertificatesView {
  readonly trustDomain: string;
  /** ISO 8601; null: there is none yet. */
  readonly rootExpires: string | null;
  readonly intermediateExpires: string | null;
  readonly nextRenewal: string | null;
  /** Issued since this operator started. */
  readonly issued: number;
  /** Lifetime of the certificates of workloads, in milliseconds. */
  readonly lifetimeMs: number | null;
  readonly problems: readonly string[];
  /** Of the Mesh, as far as they are about certificates and roots. */
  readonly conditions: readonly PolicyCondition[];
  /** When the certificate of each proxy's connection was issued: the oldest first, at most 1,000. */
  readonly proxies: readonly Pick<ProxyRow, 'workload' | 'node' | 'issued'>[];
}

/** One publication of configuration. */
export interface Change {
  /** ISO 8601. */
  readonly at: string;
  /** What it was made from that differs: `TrafficPolicy/shop/reviews@4`; at most 10. */
  readonly objects: readonly string[];
  /** How many more there are. */
  readonly more: number;
  readonly resources: number;
  /** Milliseconds until the last proxy had acknowledged it; null: not all have. */
  readonly tookMs: number | null;
}

export interface ChangesView {
  /** The latest first: at most 100. */
  readonly changes: readonly Change[];
}
