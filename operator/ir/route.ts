// Routes of a service port: which requests or connections, where they go, and what happens to them on the way.
import type { CorsIr } from './cors.ts';
import type { HashOnIr, StickySessionIr } from './destination.ts';
import type { Origin } from './origin.ts';
import type { PathMatchIr } from './path.ts';

/** In order, first match wins; the last matches everything. Empty for TCP. */
export type RouteListIr = readonly RouteIr[];

/** Callers are told apart by their workload's audience. */
export interface RoutesIr {
  /** For every caller that byAudience does not name. */
  readonly default: RouteListIr;
  /** Sorted by audience, each once. Each costs a virtual host of its own, for its callers only. */
  readonly byAudience: readonly { readonly audience: string; readonly routes: RouteListIr }[];
}

export interface RouteIr {
  /** Unique within the service port; shown in access logs. */
  readonly name: string;
  /** The requests it is for: any of these. */
  readonly matches: 'any' | readonly RouteMatchIr[];
  readonly action: RouteActionIr;
  /** Of requests that do not switch protocols, all of it. 0: no timeout. */
  readonly timeoutMs: number;
  /** Without a byte in either direction. 0: no timeout. */
  readonly idleTimeoutMs: number;
  /** Of requests of any kind, all of it. 0: no timeout. */
  readonly streamTimeoutMs: number;
  readonly retry: RetryIr;
  /** For load balancers that hash: the first that a request has. */
  readonly hashOn: readonly HashOnIr[];
  /** null: none. */
  readonly stickySession: StickySessionIr | null;
  /** Of requests before they are sent to a backend. */
  readonly requestHeaders: HeaderModifierIr | null;
  /** Of responses before the caller gets them. */
  readonly responseHeaders: HeaderModifierIr | null;
  readonly fault: FaultIr | null;
  readonly cors: CorsIr | null;
  /** Tokens of the protocols to which connections may switch, in lower case, sorted; null: all that sidecars pass. */
  readonly upgrades: readonly string[] | null;
  /** What users write (`routes`, `timeout.request`) → the object that says it. Absent: nobody does, it is the default. */
  readonly setBy: Readonly<Record<string, Origin>>;
  readonly origins: readonly Origin[];
}

/** All given parts must match. */
export interface RouteMatchIr {
  readonly path: PathMatchIr | null;
  readonly method: string | null;
  readonly headers: readonly ValueMatchIr[];
  readonly queryParameters: readonly ValueMatchIr[];
  /** In lower case; `*.example.com`: all below. Empty: any. */
  readonly hostnames: readonly string[];
  /** Calls of gRPC only. */
  readonly grpc: boolean;
}

export interface ValueMatchIr {
  readonly name: string;
  readonly type: 'Exact' | 'RegularExpression' | 'Present';
  /** '' for Present. */
  readonly value: string;
  /** What does not match instead; of headers what is missing counts as empty. Of query parameters: Present only. */
  readonly not: boolean;
}

export type RouteActionIr = ForwardIr | AnswerIr;

/** The share of backends that are invalid gets 503, which says why. */
export interface ForwardIr {
  readonly type: 'Forward';
  /** At least one. */
  readonly backends: readonly BackendIr[];
  readonly rewrite: RewriteIr | null;
  /** Who gets copies; what they answer is ignored. */
  readonly mirrors: readonly MirrorIr[];
}

export interface MirrorIr extends EndpointsRefIr {
  /** Of the requests, in steps of a thousandth. */
  readonly percentage: number;
}

/** The sidecar of the caller answers by itself. */
export type AnswerIr = RedirectIr | RespondIr;

export interface RedirectIr {
  readonly type: 'Redirect';
  /** null: those of the request. */
  readonly scheme: 'http' | 'https' | null;
  readonly hostname: string | null;
  readonly port: number | null;
  readonly path: PathRewriteIr | null;
  /** 301, 302, 303, 307 or 308. */
  readonly status: number;
}

export interface RespondIr {
  readonly type: 'Respond';
  readonly status: number;
  readonly body: string;
}

/** null: as the caller sent it. */
export interface RewriteIr {
  readonly hostname: string | null;
  readonly path: PathRewriteIr | null;
}

/** The query stays. PrefixMatch: every match of the route has a path prefix, or the route is for all requests. */
export type PathRewriteIr =
  | { readonly type: 'FullPath' | 'PrefixMatch'; readonly value: string }
  /** RE2, and what takes the place of all that it matches: \1 is a group of it. */
  | { readonly type: 'RegularExpression'; readonly value: string; readonly substitution: string };

export type BackendIr = (
  EndpointsRefIr | { /** Why, in a sentence for callers. */ readonly invalid: string }
) & {
  /** Relative to the sum of weights; at least 1. */
  readonly weight: number;
};

/** Decides about new connections. Of a share that leads nowhere, connections are closed. */
export interface ConnectionRouteIr {
  /** `tlsRoutes[1]`: where in the spec of its author. */
  readonly name: string;
  /** Of connections that ask for one of these server names, in lower case, `*.example.com`: all below. Empty: of all. */
  readonly sni: readonly string[];
  /** At least one. */
  readonly backends: readonly BackendIr[];
  /** Of new connections, closed at once: 0 to 100 in steps of 0.001. */
  readonly abortPercentage: number;
  readonly author: Origin;
}

export interface EndpointsRefIr {
  /** Key of a ServicePortIr. */
  readonly service: string;
  /** Name of one of its SubsetIrs; null: all its endpoints. */
  readonly subset: string | null;
}

export type RetryOn = 'ConnectFailure' | 'RefusedStream' | 'Reset' | 'GatewayError' | 'ServerError';

export interface RetryIr {
  /** Further tries after the first; 0 means none. */
  readonly attempts: number;
  /** 0: the route's timeout. */
  readonly perTryTimeoutMs: number;
  /** After perTryTimeoutMs, which is not 0, a try goes on beside the next one. */
  readonly hedge: boolean;
  /** Sorted. A request that never reached the application is retried for ConnectFailure, whatever its method. */
  readonly on: readonly RetryOn[];
  /** Besides; sorted. */
  readonly statusCodes: readonly number[];
  readonly grpcCodes: readonly RetryGrpcCode[];
  /** Further tries go to another zone before they go to one that was tried; else to any other endpoint. */
  readonly otherZone: boolean;
  /** null: the standard. */
  readonly backoff: BackoffIr | null;
}

export type RetryGrpcCode =
  'Cancelled' | 'DeadlineExceeded' | 'Internal' | 'ResourceExhausted' | 'Unavailable';

/** A pause before a retry is a random part of the base, which doubles up to the maximum. */
export interface BackoffIr {
  readonly baseMs: number;
  readonly maxMs: number;
  /** What a response says in Retry-After counts instead. */
  readonly honorRetryAfter: boolean;
}

/** Each name once, in lower case; lists sorted by name. */
export interface HeaderModifierIr {
  /** In place of any that are there. */
  readonly set: readonly HeaderIr[];
  /** Beside any that are there. */
  readonly add: readonly HeaderIr[];
  readonly remove: readonly string[];
}

export interface HeaderIr {
  readonly name: string;
  /** As it is: no character has a special meaning. */
  readonly value: string;
}

export interface FaultIr {
  /** Percentages: 0 to 100 in steps of 0.001. */
  readonly delay: { readonly durationMs: number; readonly percentage: number } | null;
  /** Of the body of each response. */
  readonly bandwidth: { readonly kibibytesPerSecond: number; readonly percentage: number } | null;
  /** gRPC: then the whole fault is for calls of gRPC only. */
  readonly abort: {
    readonly type: 'HTTP' | 'gRPC';
    readonly status: number;
    readonly percentage: number;
  } | null;
  /** For requests of which all of these are true. */
  readonly headers: readonly ValueMatchIr[];
}
