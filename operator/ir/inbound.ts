// The inbound side: a port of a workload as its sidecar guards it.
import type { AuthorizerIr } from './authorizer.ts';
import type { LoginIr } from './login.ts';
import type { Origin } from './origin.ts';
import type { PathMatchIr } from './path.ts';
import type { RequestIr } from './request.ts';
import type { ValueMatchIr } from './route.ts';
import type { JwtProviderIr, TokenMatchIr } from './tokens.ts';

export interface InboundPortIr {
  /** Where peers connect. */
  readonly port: number;
  /** Not intercepted: the address the sidecar listens on (at port); null when intercepted. */
  readonly listenAddress: string | null;
  /** Not intercepted: where the application listens; null when intercepted (the original destination). */
  readonly application: { readonly address: string; readonly port: number } | null;
  readonly protocol: 'HTTP' | 'TCP';
  /** Intercepted only: it is told apart only because a policy names it, and connections to it are inspected like those to ports that nobody names. */
  readonly isOnlyNamed?: true;
  readonly mtls: MtlsModeIr;
  /** null: tokens are not looked at. Always null on TCP ports. */
  readonly authentication: AuthenticationIr | null;
  readonly authorization: AuthorizationIr;
  /** Asked about what the rules let in, all of them, in this order: by id. Always empty on TCP ports. */
  readonly authorizers: readonly AuthorizerIr[];
  /**
   * What only authorizers may write for the application, whether one is asked here or not: callers cannot. In lower case, sorted. Always empty on
   * TCP ports.
   */
  readonly authorizerHeaders: readonly string[];
  /**
   * What rules on trial would refuse of what the rules in force let in: their Deny rules, and Allow rules of all policies if some policy on trial
   * has any. null: no rules are on trial. Always null on TCP ports.
   */
  readonly audit: AuthorizationIr | null;
  /** Whether responses name the rule that decided. */
  readonly namesRule: boolean;
  /** null: no policy says anything to its sidecar. Always null on TCP ports. */
  readonly limits: LimitsIr | null;
  /** What the kubelet asks here, in plaintext and without an identity: let through whatever the rest says. */
  readonly probes: readonly ProbeIr[];
  /** The workload and every policy that shapes this port. */
  readonly origins: readonly Origin[];
}

/** A request of exactly this method, path and query, and with no other headers, without a body (POST: of gRPC) and without an upgrade. */
export interface ProbeIr {
  readonly method: 'GET' | 'POST';
  /** With the query, as the kubelet asks. */
  readonly path: string;
  /** As the pod declares it; null: an IP address, that of the pod. */
  readonly host: string | null;
  /** Those that the pod declares, by name in lower case, besides those of every kubelet. */
  readonly headers: Readonly<Record<string, string>>;
  /** How long the kubelet waits for the answer. */
  readonly timeoutMs: number;
}

/**
 * Permissive: mutual TLS and plaintext. Strict: mutual TLS only. Disabled: plaintext only. Staged: to be Strict, and until nobody calls in
 * plaintext as Permissive.
 */
export type MtlsModeIr = 'Permissive' | 'Strict' | 'Disabled' | 'Staged';

/** Who the end user of a request is, as tokens tell. */
export interface AuthenticationIr {
  /** Each id once, sorted by id. Not empty. A token that none of them verifies is refused. */
  readonly providers: readonly JwtProviderIr[];
  /** All of them must be met. One for each policy that asks for a token, sorted by id. */
  readonly required: readonly TokenRequirementIr[];
  /** null: who has no token is not sent anywhere for one. */
  readonly login: LoginIr | null;
}

export interface TokenRequirementIr {
  /** `shop/reviews`: namespace/policy. */
  readonly id: string;
  /** Ids of the providers of which one must have verified the token. */
  readonly providers: readonly string[];
  /** Which requests need it. AllBut: those that certainly match one are let through; Only: those that possibly match one need it. */
  readonly type: 'AllBut' | 'Only';
  readonly requests: readonly RequestIr[];
}

/** Deny rules are looked at first: any match refuses. Rules are sorted by id. */
export interface AuthorizationIr {
  readonly deny: readonly RuleIr[];
  /** 'all': everything that no deny rule refuses. A list: what one of its rules matches; an empty one refuses everything. */
  readonly allow: 'all' | readonly RuleIr[];
}

export interface RuleIr {
  /** `shop/reviews/from-productpage`: namespace/policy/rule, shown in logs. */
  readonly id: string;
  /** Any of them; 'anyone' includes callers without an identity. */
  readonly callers: 'anyone' | readonly CallerIr[];
  /** Whether callers without an identity count as any that is named: always with 'anyone'. */
  readonly unidentified: boolean;
  /** Any of them. Always 'any' on TCP ports, where there are connections only. */
  readonly requests: 'any' | readonly RequestIr[];
}

/** All of it must match. On TCP ports, identities only. */
export interface CallerIr {
  readonly identities: 'any' | PeersIr;
  /** Of the connection; any of them. */
  readonly networks: 'any' | readonly NetworkIr[];
  /** Of the client that the caller says it calls for; any of them. */
  readonly remoteNetworks: 'any' | readonly NetworkIr[];
  /** null: with or without one. */
  readonly token: TokenMatchIr | null;
  /** null: nobody is left out. */
  readonly not: ExcludedCallersIr | null;
}

/** Who is in any of these is left out. */
export interface ExcludedCallersIr {
  readonly identities: PeersIr;
  readonly networks: readonly NetworkIr[];
  readonly remoteNetworks: readonly NetworkIr[];
}

/** Any of the SPIFFE ids, or any identity under one of the prefixes. Needs mutual TLS to match. */
export interface PeersIr {
  /** Of the trust domain of the mesh. */
  readonly spiffeIds: readonly string[];
  /** `spiffe://cluster.local/ns/shop/`, ending in a slash. */
  readonly spiffePrefixes: readonly string[];
  /** SPIFFE ids of other trust domains. */
  readonly foreignIds: readonly string[];
}

/** `10.0.0.0` and 8. IPv4 is never written as IPv6. */
export interface NetworkIr {
  readonly address: string;
  readonly length: number;
}

/** Whether a caller without an identity may match. */
export function mayBeUnidentified({ callers, unidentified }: RuleIr): boolean {
  return unidentified || (callers !== 'anyone' && callers.some((caller) => !asksForIdentity(caller)));
}

export function asksForIdentity({ identities, not }: CallerIr): boolean {
  return identities !== 'any' || (not !== null && !isNobody(not.identities));
}

export function isNobody({ spiffeIds, spiffePrefixes, foreignIds }: PeersIr): boolean {
  return spiffeIds.length + spiffePrefixes.length + foreignIds.length === 0;
}

/** What TrafficPolicies say to the sidecar of a server: what is too much for the application, whoever calls, and how it learns who that is. */
export interface LimitsIr {
  /** Each id once. All that a request matches hold, in this order. */
  readonly rates: readonly RateLimitIr[];
  /** Each id of each Service once. All that a request matches hold, in this order. */
  readonly quotas: readonly QuotaIr[];
  readonly adaptiveConcurrency: AdaptiveConcurrencyIr | null;
  readonly admissionControl: AdmissionControlIr | null;
  /** Names of request headers, in lower case, that have the SPIFFE ID of the caller, and nothing that callers send. Sorted. */
  readonly callerHeaders: readonly string[];
  /** What users write (`limits[per-caller]`, `adaptiveConcurrency`) → the object that says it. */
  readonly setBy: Readonly<Record<string, Origin>>;
  /** The policies that say so. */
  readonly origins: readonly Origin[];
}

export interface RateLimitIr {
  /** `shop/reviews/per-caller`: namespace/policy/limit. */
  readonly id: string;
  readonly match: LimitMatchIr;
  /** Requests that share a rate. */
  readonly per: 'All' | 'Caller' | 'Path' | { readonly header: string };
  /** Admitted in each period. */
  readonly requests: number;
  readonly periodMs: number;
  /** Admitted at once. */
  readonly burst: number;
}

/** What may be used up of a Service in a period, counted over all of its servers. Their sidecars enforce their shares of it. */
export interface QuotaIr {
  /** `shop/reviews/per-caller`: namespace/policy/quota. */
  readonly id: string;
  /** `shop/reviews`: each Service for itself, also where one policy is for many. */
  readonly service: string;
  readonly match: LimitMatchIr;
  /** Requests that share a quota. */
  readonly per: RateLimitIr['per'];
  /** What each request takes of the quota, as a header says; null: one. */
  readonly cost: QuotaCostIr | null;
  /** Admitted in each period. */
  readonly requests: number;
  /** Whole seconds. */
  readonly periodMs: number;
  readonly window: 'Fixed' | 'Sliding';
  /** Admitted at once, while the others come back evenly; null: all. Sliding only. */
  readonly burst: number | null;
  /** False: it is only counted. */
  readonly isEnforced: boolean;
  /** What a server does that has not heard from the operator. */
  readonly whenUnavailable: 'Share' | 'Allow' | 'Deny';
}

export interface QuotaCostIr {
  /** Its name, in lower case. */
  readonly header: string;
  /** Of a request without it. */
  readonly default: number;
  /** Of a request of which the header says more than this, or nothing that is a cost. */
  readonly maximum: number;
}

/** All given parts must match. */
export interface LimitMatchIr {
  /** In any reading. */
  readonly path: (PathMatchIr & { readonly type: 'Exact' | 'PathPrefix' }) | null;
  readonly method: string | null;
  readonly headers: readonly ValueMatchIr[];
}

export interface AdaptiveConcurrencyIr {
  /** Of requests in flight. */
  readonly max: number;
  readonly min: number;
  readonly measurementIntervalMs: number;
  /** By how many percent responses may be slower than those of an idle server. */
  readonly tolerancePercentage: number;
}

export interface AdmissionControlIr {
  readonly minSuccessPercentage: number;
  /** Whole seconds. */
  readonly windowMs: number;
  readonly minRequestsPerSecond: number;
  readonly maxRejectionPercentage: number;
}
