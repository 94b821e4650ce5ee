// What an object says about calls to services, whoever wrote it: front ends make these, resolve.ts puts them into effect.
import type { AnswerIr, ConnectionRouteIr, RewriteIr, RouteIr, RouteMatchIr } from '../../../ir/route.ts';
import type { LimitClaims } from './limits.ts';
import type { PortSettings, RouteSettings } from './settings.ts';

export interface TrafficClaims {
  /** null: it says nothing about routes. */
  readonly routing: RoutingClaim | null;
  /** For its ports, and all their routes that do not say otherwise. */
  readonly settings: Readonly<Partial<PortSettings>>;
  /** For the sidecars of its servers. */
  readonly limits: LimitClaims;
}

/** Routes and subsets are one decision: the routes refer to the subsets. */
export interface RoutingClaim {
  /** Kind and namespace of the object that says it: who is to be permitted to refer to services of other namespaces. */
  readonly author: { readonly kind: string; readonly namespace: string };
  /** `TrafficPolicy shop/reviews`: in answers to callers. */
  readonly title: string;
  /** In order, first match wins. */
  readonly routes: readonly RouteClaim[];
  /** In order, first match wins. */
  readonly connectionRoutes: readonly ConnectionRouteClaim[];
  /** Each name once. */
  readonly subsets: readonly SubsetClaim[];
}

export interface SubsetClaim {
  readonly name: string;
  readonly matchLabels: Readonly<Record<string, string>>;
}

/** A route but for what depends on the service port, or on other objects. */
export interface RouteClaim extends Omit<
  RouteIr,
  | 'matches'
  | 'action'
  | 'timeoutMs'
  | 'idleTimeoutMs'
  | 'streamTimeoutMs'
  | 'retry'
  | 'hashOn'
  | 'stickySession'
  | 'setBy'
  | 'origins'
> {
  /** The requests it is for: any of these. */
  readonly matches: 'any' | readonly MatchClaim[];
  /** Instead of forwarding requests to a backend; null: they are forwarded. */
  readonly answer: AnswerIr | null;
  readonly rewrite: RewriteIr | null;
  readonly mirrors: readonly (Omit<BackendClaim, 'weight'> & { readonly percentage: number })[];
  /** None: all endpoints of the service. */
  readonly backends: readonly BackendClaim[];
  readonly settings: Readonly<Partial<RouteSettings>>;
}

/** A route of connections but for what depends on the service port. */
export interface ConnectionRouteClaim extends Omit<ConnectionRouteIr, 'backends' | 'author'> {
  /** None: all endpoints of the service. */
  readonly backends: readonly BackendClaim[];
}

export interface MatchClaim {
  readonly match: RouteMatchIr;
  /** null: everybody. */
  readonly from: CallersClaim | null;
}

export interface ServiceRefClaim {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

/** Who is in either list. */
export interface CallersClaim {
  /** Equal for equal callers. */
  readonly key: string;
  /** Sorted. */
  readonly namespaces: readonly string[];
  /** `shop/productpage`, sorted. */
  readonly serviceAccounts: readonly string[];
}

/** Endpoints of a service port. */
export interface BackendClaim {
  /** null: the one that the route is for. */
  readonly service: ServiceRefClaim | null;
  /** null: all. */
  readonly subset: string | null;
  /** At least 0. */
  readonly weight: number;
}
