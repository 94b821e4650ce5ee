// The filters of inbound connection managers, in the order in which they see requests.
import type { AuthorizationIr } from '../../../ir/inbound.ts';
import type { HttpFilter } from '../http-filters.ts';
import {
  chainOfRoute,
  type DiscoveredFilter,
  externalAuthorization,
  jwtAuthn,
  localRateLimit,
  login,
  rbacFilter,
} from '../placeholders.ts';
import { allowRules, denyRules } from './rbac.ts';

/** What an inbound route is made from. */
export interface InboundRoute {
  readonly authorization: AuthorizationIr;
}

const discoveredFilters = {
  login: login('inbound'),
  jwtAuthn: jwtAuthn('inbound'),
  localRateLimit: localRateLimit('inbound'),
};

/** Those whose configuration comes by ECDS. */
export const inboundDiscovered: readonly DiscoveredFilter[] = Object.values(discoveredFilters);

export const inboundFilters: readonly HttpFilter<InboundRoute>[] = [
  // A session becomes a token here: before tokens are read.
  discoveredFilters.login,
  // Rules, limits and logs read what tokens say: before them.
  discoveredFilters.jwtAuthn,
  // Of a route: what rules are to see the work of.
  { filter: chainOfRoute('before_rbac') },
  // Deny wins over allow.
  { filter: rbacFilter('deny'), forRoute: ({ authorization }) => denyRules(authorization) },
  { filter: rbacFilter('allow'), forRoute: ({ authorization }) => allowRules(authorization) },
  // Of what the rules in force let in: what candidates would refuse.
  { filter: rbacFilter('shadow') },
  // Costs a call: only about what our own rules let in.
  { filter: externalAuthorization },
  // Who is refused uses up nobody's limit.
  discoveredFilters.localRateLimit,
  // Of a route: what only requests are to see that come in.
  { filter: chainOfRoute('after_rbac') },
];
