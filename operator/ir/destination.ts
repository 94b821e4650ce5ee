// How the endpoints of a service port are reached: settings of the sidecars that call it.
import type { Origin } from './origin.ts';

export interface DestinationIr {
  /** null: nobody chose one. HTTP: the fewer requests in flight; TCP: in turn. */
  readonly loadBalancer: LoadBalancerIr | null;
  /** null: zones make no difference. */
  readonly locality: LocalityIr | null;
  /** Percentage of healthy endpoints below which all are used. */
  readonly panicThreshold: number;
  readonly circuitBreaker: CircuitBreakerIr;
  readonly outlierDetection: OutlierDetectionIr;
  /** null: endpoints are not checked. */
  readonly healthCheck: HealthCheckIr | null;
  readonly connection: ConnectionIr;
  /** What users write (`loadBalancer`) → the object that says it. Absent: nobody does, it is the default. */
  readonly setBy: Readonly<Record<string, Origin>>;
  /** Of the objects that say so. */
  readonly origins: readonly Origin[];
}

export interface LoadBalancerIr {
  /** RingHash and Maglev: by what routes hash on. */
  readonly type: 'LeastRequest' | 'RoundRobin' | 'Random' | 'RingHash' | 'Maglev';
  /** LeastRequest and RoundRobin only. */
  readonly slowStart: { readonly windowMs: number; readonly minWeightPercentage: number } | null;
}

/** from: the zone of callers; null: that of callers no other entry is for. */
export type LocalityIr =
  | {
      /** The zone of the caller, then these in order, then all others. */
      readonly type: 'Failover';
      readonly order: readonly { readonly from: string | null; readonly to: readonly string[] }[];
    }
  | {
      /** These and, if none of them has a healthy endpoint, all others. Callers without an entry: all zones alike. */
      readonly type: 'Weighted';
      readonly shares: readonly {
        readonly from: string | null;
        /** Weights are relative to their sum. */
        readonly to: readonly { readonly zone: string; readonly weight: number }[];
      }[];
    };

/** Of each caller's sidecar, and of each subset by itself. 0: no limit. */
export interface CircuitBreakerIr {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
  /** In place of maxRetries; null: there is none. */
  readonly retryBudget: RetryBudgetIr | null;
  readonly maxConnectionsPerEndpoint: number;
}

/** Of retries in flight: the larger of the two. */
export interface RetryBudgetIr {
  /** Of the requests in flight. */
  readonly percentage: number;
  readonly minConcurrency: number;
}

/** Which endpoints are left out for a while. Consecutive: 0 means never. */
export interface OutlierDetectionIr {
  readonly consecutive5xx: number;
  readonly consecutiveGatewayErrors: number;
  /** null: nobody says. */
  readonly consecutiveLocalOriginFailures: number | null;
  readonly successRate: {
    readonly minEndpoints: number;
    readonly minRequests: number;
    readonly standardDeviationPercentage: number;
  } | null;
  /** Of the requests in an interval. */
  readonly failurePercentage: {
    readonly threshold: number;
    readonly minEndpoints: number;
    readonly minRequests: number;
  } | null;
  readonly intervalMs: number;
  /** Times how often lately. */
  readonly baseEjectionTimeMs: number;
  /** One can always be left out. */
  readonly maxEjectionPercentage: number;
}

/** By each caller's sidecar, of each endpoint. */
export interface HealthCheckIr {
  readonly probe:
    | { /** GET, with the query. */ readonly type: 'HTTP'; readonly path: string }
    /** Of the health protocol; or whether a connection can be opened. */
    | { readonly type: 'GRPC' | 'TCP' };
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** In a row. */
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
}

/** 0: no limit. */
export interface ConnectionIr {
  readonly connectTimeoutMs: number;
  readonly tcpKeepalive: { readonly timeMs: number; readonly intervalMs: number; readonly probes: number };
  /** On one connection, one after the other and at the same time. */
  readonly maxRequests: number;
  readonly maxAgeMs: number;
  readonly idleTimeoutMs: number;
  /** Of HTTP/2. */
  readonly maxConcurrentStreams: number;
}

/** A cookie that names the endpoint that answered; kept for ttlMs, 0: for the session. */
export interface StickySessionIr {
  readonly cookie: string;
  readonly ttlMs: number;
}

export type HashOnIr =
  | { readonly type: 'Header' | 'QueryParameter'; readonly name: string }
  /** Callers without it get one, for ttlMs; 0: for the session. */
  | { readonly type: 'Cookie'; readonly name: string; readonly ttlMs: number }
  | { readonly type: 'SourceAddress' };
