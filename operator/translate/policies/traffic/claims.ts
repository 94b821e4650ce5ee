// What an object says about calls to services, whoever wrote it: front ends make these, resolve.ts puts them into effect.
import type { AnswerIr, RewriteIr, RouteIr } from '../../../ir/service.ts';
import type { PortSettings, RouteSettings } from './settings.ts';

export interface TrafficClaims {
  /** null: it says nothing about routes. */
  readonly routing: RoutingClaim | null;
  /** For its ports, and all their routes that do not say otherwise. */
  readonly settings: Readonly<Partial<PortSettings>>;
}

/** Routes and subsets are one decision: the routes refer to the subsets. */
export interface RoutingClaim {
  /** `TrafficPolicy shop/reviews`: in answers to callers. */
  readonly title: string;
  /** In order, first match wins. */
  readonly routes: readonly RouteClaim[];
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
  'action' | 'timeoutMs' | 'retry' | 'hashOn' | 'setBy' | 'origins'
> {
  /** Instead of forwarding requests to a backend; null: they are forwarded. */
  readonly answer: AnswerIr | null;
  readonly rewrite: RewriteIr | null;
  /** None: all endpoints of the service. */
  readonly backends: readonly BackendClaim[];
  readonly settings: Readonly<Partial<RouteSettings>>;
}

/** Endpoints of the service that the route is for. */
export interface BackendClaim {
  /** null: all. */
  readonly subset: string | null;
  /** At least 0. */
  readonly weight: number;
}
