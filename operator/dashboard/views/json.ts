// What the dashboard's pages are told, as JSON. The front end imports these types, and nothing else of the operator.

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
}

export interface GraphView extends Seen {
  /** Sorted by id. */
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  /** Of the whole mesh: requests that sidecars received. */
  readonly numbers: Numbers;
  readonly proxies: ProxyCount;
}
