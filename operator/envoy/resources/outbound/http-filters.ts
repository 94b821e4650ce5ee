// The filters of outbound connection managers, in the order in which they see requests.
import type { RouteIr } from '../../../ir/route.ts';
import type { HttpFilter } from '../http-filters.ts';
import {
  chainOfRoute,
  type DiscoveredFilter,
  jwtAuthn,
  outboundRateLimit,
  rbacFilter,
} from '../placeholders.ts';
import { corsFilter, routeCors } from './cors.ts';
import { faultFilter, routeFault } from './fault.ts';
import { routeStickySession, stickySessionFilter } from './sticky-session.ts';

const discoveredFilters = { jwtAuthn: jwtAuthn('outbound'), localRateLimit: outboundRateLimit() };

/** Those whose configuration comes by ECDS. */
export const outboundDiscovered: readonly DiscoveredFilter[] = Object.values(discoveredFilters);

export const outboundFilters: readonly HttpFilter<RouteIr>[] = [
  // What browsers ask first is no call yet; what they may read is said of all answers, also of those that filters give.
  { filter: corsFilter, forRoute: ({ cors }) => cors && routeCors(cors) },
  // Stands for what goes wrong on the way: a request that gets nowhere concerns nothing else.
  { filter: faultFilter, forRoute: ({ fault }) => fault && routeFault(fault) },
  // Rules, limits and logs read what tokens say: before them. (Nobody logs in on the way out: no OAuth2.)
  discoveredFilters.jwtAuthn,
  // Of a route: what rules are to see the work of.
  { filter: chainOfRoute('before_rbac') },
  // Deny wins over allow.
  { filter: rbacFilter('deny') },
  { filter: rbacFilter('allow') },
  // Of what the rules in force let out: what candidates would refuse.
  { filter: rbacFilter('shadow') },
  // Costs a call: only about what our own rules let out.
  { filter: chainOfRoute('external_authorization') },
  // Who is refused uses up nobody's limit.
  discoveredFilters.localRateLimit,
  // Of a route: what only requests are to see that go out.
  { filter: chainOfRoute('after_rbac') },
  // Chooses the endpoint of what goes out, and writes the cookie of what comes back.
  {
    filter: stickySessionFilter,
    forRoute: ({ stickySession }) => stickySession && routeStickySession(stickySession),
  },
];
