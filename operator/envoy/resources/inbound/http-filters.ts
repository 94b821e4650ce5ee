// The filters of inbound connection managers, in the order in which they see requests.
import type { AuthorizerIr } from '../../../ir/authorizer.ts';
import type { AuthenticationIr, AuthorizationIr } from '../../../ir/inbound.ts';
import type { HttpFilter } from '../http-filters.ts';
import type { NamedExtension } from '../typed-config.ts';
import {
  chainConfig,
  chainOfRoute,
  type DiscoveredFilter,
  enabled,
  jwtAuthn,
  limitsOf,
  login,
  rbacFilter,
} from '../placeholders.ts';
import { allowRules, auditAllowRules, auditDenyRules, denyRules } from './rbac.ts';
import { authorizerFilters } from './authorizers/filters.ts';
import { decisionOnResponse } from './decision-header.ts';
import { authenticationFilters } from './tokens/authentication.ts';
import { copyPath, copyPathFilter, readPath, readPathFilter, type Spelling } from './request-path.ts';

/** What the virtual host of an inbound table is made from. */
export interface InboundHost {
  /** null: tokens are not looked at. */
  readonly authentication: AuthenticationIr | null;
  readonly authorization: AuthorizationIr;
  readonly authorizers: readonly AuthorizerIr[];
  readonly authorizerHeaders: readonly string[];
  readonly audit: AuthorizationIr | null;
  /** Responses name the rule that decided. */
  readonly namesRule: boolean;
}

/** What an inbound route is made from. */
export interface InboundRoute {
  /** How its requests spell their paths; null: whatever they do, no rule asks. */
  readonly spelling: Spelling | null;
  /** Something is too much for its application. */
  readonly isLimited: boolean;
}

/** One chain for both: what a route said of it would be in place of what the virtual host says, which is who must show a token. */
function beforeRules({ authentication, namesRule }: InboundHost): readonly NamedExtension[] {
  return [
    ...(namesRule ? [decisionOnResponse] : []),
    ...(authentication === null ? [] : authenticationFilters(authentication)),
  ];
}

const discoveredFilters = {
  login: login('inbound'),
  jwtAuthn: jwtAuthn('inbound'),
};

/** Those whose configuration comes by ECDS, besides the limits of each port. */
export const inboundDiscovered: readonly DiscoveredFilter[] = Object.values(discoveredFilters);

/** label: of the port, `9080`. */
export function inboundFilters(label: string): readonly HttpFilter<InboundRoute, InboundHost>[] {
  return [...untilAdmitted, limits(label), ...onceAdmitted];
}

const untilAdmitted: readonly HttpFilter<InboundRoute, InboundHost>[] = [
  // What rules compare paths with: before rules, and of the path as the caller sent it.
  { filter: copyPathFilter, forRoute: ({ spelling }) => (spelling === 'canonical' ? copyPath : null) },
  { filter: readPathFilter, forRoute: ({ spelling }) => (spelling === 'other' ? readPath : null) },
  // A session becomes a token here: before tokens are read.
  discoveredFilters.login,
  // Rules, limits and logs read what tokens say: before them.
  discoveredFilters.jwtAuthn,
  // What rules are to see the work of.
  {
    filter: chainOfRoute('before_rbac'),
    forHost: (host) => {
      const filters = beforeRules(host);
      return filters.length === 0 ? null : chainConfig(filters);
    },
  },
  // Deny wins over allow.
  { filter: rbacFilter('deny'), forHost: ({ authorization }) => denyRules(authorization) },
  { filter: rbacFilter('allow'), forHost: ({ authorization }) => allowRules(authorization) },
  // Of what the rules in force let in: what rules on trial would refuse.
  {
    filter: rbacFilter('audit_deny'),
    forHost: ({ audit }) => (audit === null ? null : auditDenyRules(audit)),
  },
  {
    filter: rbacFilter('audit_allow'),
    forHost: ({ audit }) => (audit === null ? null : auditAllowRules(audit)),
  },
  // Costs a call: only about what our own rules let in.
  {
    filter: chainOfRoute('external_authorization'),
    forHost: (host) => {
      const filters = authorizerFilters(host);
      return filters.length === 0 ? null : chainConfig(filters);
    },
  },
];

/** Who is refused uses up nobody's limit. */
function limits(label: string): HttpFilter<InboundRoute> {
  return {
    filter: limitsOf(label).filter,
    forRoute: ({ isLimited }) => (isLimited ? enabled : null),
  };
}

const onceAdmitted: readonly HttpFilter<InboundRoute, InboundHost>[] = [
  // Of a route: what only requests are to see that come in.
  { filter: chainOfRoute('after_rbac') },
];
