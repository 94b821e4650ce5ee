// What is said about a call: what the sidecar of the caller does with it, and why.
import type { Origin } from '../ir/origin.ts';
import type { Source } from './sources.ts';

export interface Explanation {
  /** Of the sidecar; null: it has none for this address, or there is no sidecar. */
  readonly listener: string | null;
  readonly outcome: Outcome;
}

export type Outcome =
  /** The connection is refused or closed. */
  | { readonly type: 'Closed' }
  /** Bytes, unread. The shares are of new connections. */
  | { readonly type: 'Tcp'; readonly backends: readonly Backend[] }
  /** The caller has no sidecar: one of the endpoints gets it, in plaintext. */
  | { readonly type: 'Direct'; readonly backends: readonly Backend[] }
  | HttpOutcome;

export interface HttpOutcome {
  readonly type: 'Http';
  readonly virtualHost: string;
  /** Name of the route; null: no route matches, and the sidecar answers 404. */
  readonly route: string | null;
  readonly action: Action;
  /** Null: none. */
  readonly fault: Fault | null;
  /** Null: no page of another origin asks, or nothing is said about them. */
  readonly cors: Cors | null;
  /** Changes of headers, in the order in which they are made. */
  readonly requestHeaders: readonly HeaderChange[];
  readonly responseHeaders: readonly HeaderChange[];
  /** The objects that shaped the virtual host. */
  readonly origins: readonly Origin[];
}

export type Action =
  | Forward
  /** location: where absent, it stays as it is. */
  | { readonly type: 'Redirect'; readonly status: number; readonly location: string }
  | { readonly type: 'Respond'; readonly status: number; readonly body: string };

export interface Forward {
  readonly type: 'Forward';
  /** At least one; their shares add up to 100. */
  readonly backends: readonly Backend[];
  /** Of the whole request, all tries included; 0: no limit. */
  readonly timeoutMs: number;
  /** Without a byte in either direction; 0: no limit. */
  readonly idleTimeoutMs: number;
  /** Null: none. */
  readonly retry: Retry | null;
  /** What the backend gets in place of the path and the Host header; null: what the caller sent. */
  readonly path: string | null;
  readonly authority: string | null;
  /** What RingHash and Maglev hash, the first that the request has: `header x-user`. */
  readonly hashOn: readonly string[];
  /** The cookie that names the endpoint of a session; null: none. */
  readonly sessionCookie: string | null;
  readonly mirrors: readonly { readonly cluster: string; readonly percentage: number }[];
}

export interface Backend {
  readonly cluster: string;
  /** Of the requests, or of new connections, in percent. */
  readonly share: number;
  /** Null: there is nothing to choose. */
  readonly balancing: Balancing | null;
  /** In the order of their priorities. Null: wherever the caller was going. */
  readonly endpoints: readonly BackendEndpoint[] | null;
  /** Why its share gets a 503, as a sentence; null: it does not. */
  readonly refusal: string | null;
}

export interface BackendEndpoint {
  /** `10.0.0.1:9080` */
  readonly address: string;
  readonly mtls: boolean;
  /** Gets no new requests unless hardly any other is left. */
  readonly draining: boolean;
  /** 0: used first. Higher ones take over as far as lower ones are unhealthy. */
  readonly priority: number;
  /** Null: it makes no difference, or is not known. */
  readonly zone: string | null;
  /** Of its zone, in percent of the requests to endpoints of its priority; null: endpoints of all zones alike. */
  readonly zoneShare: number | null;
}

/** How one of the endpoints is chosen. */
export interface Balancing {
  readonly type: 'LeastRequest' | 'RoundRobin' | 'Random' | 'RingHash' | 'Maglev';
  /** Until a new endpoint has its share; 0: at once. */
  readonly slowStartMs: number;
  /** Endpoints that fail checks of their health are left out. */
  readonly isChecked: boolean;
}

export interface Retry {
  /** After the first try. */
  readonly attempts: number;
  /** 0: as long as the whole request. */
  readonly perTryTimeoutMs: number;
  /** After perTryTimeoutMs the earlier tries go on. */
  readonly hedges: boolean;
  /** In Envoy's words. */
  readonly on: readonly string[];
}

export interface Cors {
  readonly origin: string;
  readonly isAllowed: boolean;
  /** A question of the browser, which the sidecar answers by itself. */
  readonly isPreflight: boolean;
}

export interface Fault {
  readonly delay: { readonly durationMs: number; readonly percentage: number } | null;
  readonly abort: { readonly status: string; readonly percentage: number } | null;
  /** Of the body of each response. */
  readonly bandwidth: { readonly kibibytesPerSecond: number; readonly percentage: number } | null;
}

export interface HeaderChange {
  readonly type: 'Set' | 'Add' | 'Remove';
  readonly name: string;
  /** '' where it is removed. */
  readonly value: string;
}

/** What may refuse a call at the sidecar of a server. */
export type ServerLimit = RateLimit | QuotaLimit | AdmissionControl | AdaptiveConcurrency;

export interface LimitAtServers {
  readonly limit: ServerLimit;
  /** Those of the endpoints that have it; null: all. */
  readonly endpoints: readonly string[] | null;
  /** Who says so. */
  readonly source: Source;
}

export interface RateLimit {
  readonly type: 'Rate';
  /** `shop/reviews/per-caller`: namespace/policy/limit. */
  readonly id: string;
  readonly requests: number;
  readonly periodMs: number;
  /** Admitted at once. */
  readonly burst: number;
  /** What requests that share the rate have in common: `caller`, `path`, `header x-user`. value null: not known. Null: nothing. */
  readonly sharedBy: { readonly by: string; readonly value: string | null } | null;
}

export interface QuotaLimit {
  readonly type: 'Quota';
  /** `shop/reviews/per-caller`: namespace/policy/quota. */
  readonly id: string;
  /** `shop/reviews`: its servers share it. */
  readonly service: string;
  /** What the request takes of it. */
  readonly cost: number;
  readonly requests: number;
  readonly periodMs: number;
  /** What requests that share the quota have in common. */
  readonly sharedBy: RateLimit['sharedBy'];
}

export interface AdmissionControl {
  readonly type: 'AdmissionControl';
  readonly minSuccessPercentage: number;
  readonly windowMs: number;
  readonly minRequestsPerSecond: number;
  readonly maxRejectionPercentage: number;
}

export interface AdaptiveConcurrency {
  readonly type: 'AdaptiveConcurrency';
  readonly maxConcurrency: number;
  readonly minConcurrency: number;
  readonly measurementIntervalMs: number;
  readonly tolerancePercentage: number;
}
