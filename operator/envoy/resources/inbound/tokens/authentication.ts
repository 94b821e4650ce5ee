// Who the end user of a request is: filters that a virtual host brings, all of them in one resource together with the rules that ask for
// tokens, so that a sidecar never knows one without the other. They remember nothing. See decision 049.
import type { AuthenticationIr, TokenRequirementIr } from '../../../../ir/inbound.ts';
import type { RequestIr } from '../../../../ir/request.ts';
import type { EnvoyMessage } from '../../../proto/envoy-message.ts';
import { extension, type NamedExtension } from '../../typed-config.ts';
import { notId } from '../identifiers.ts';
import { loginFilters } from '../login/filters.ts';
import { permission } from '../rule-requests.ts';
import { anyRule, notRule } from '../rule-set.ts';
import { withoutForgedClaims } from './forged-claims.ts';
import { jwtAuthn } from './jwt-authn.ts';
import { sentTwice } from './places.ts';
import { verifiedBy } from './token-principal.ts';

/** What the names of its RBAC policies begin with: other rules begin with their namespace, which has no colon. */
export const tokenRequired = 'token-required:';

/** Of access logs and local replies: requests that were refused because they have no token. RBAC tells nothing else of itself so early. */
export const refusedForWantOfAToken: EnvoyMessage = {
  extension_filter: extension(
    'envoy.access_loggers.extension_filters.cel',
    'envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter',
    { expression: `response.code_details.startsWith('rbac_access_denied_matched_policy[${tokenRequired}')` },
  ),
};

/** In order: what callers claim goes, who has no token is sent to log in, tokens are read, and then it is seen whether there is one. */
export function authenticationFilters(authentication: AuthenticationIr): readonly NamedExtension[] {
  return [
    ...withoutForgedClaims(authentication),
    ...loginFilters(authentication, needed),
    ...jwtAuthn(authentication),
    ...requirements(authentication),
  ];
}

function requirements({ required, providers }: AuthenticationIr): readonly NamedExtension[] {
  const twice = sentTwice(providers);
  if (required.length + twice.length === 0) return [];
  const policies = Object.fromEntries([
    ...required.map((one) => [tokenRequired + one.id, refusal(one)] as const),
    ...(twice.length === 0 ? [] : [[`${tokenRequired}sent-twice`, ambiguous(twice)] as const]),
  ]);
  return [
    extension('envoy.filters.http.rbac', 'envoy.extensions.filters.http.rbac.v3.RBAC', {
      rules: { action: 'DENY', policies },
      rules_stat_prefix: 'token_required_',
    }),
  ];
}

function ambiguous(twice: ReturnType<typeof sentTwice>): EnvoyMessage {
  const permissions = twice.map(({ header, regex }) => ({
    header: { name: header, string_match: { safe_regex: { regex } } },
  }));
  return { permissions, principals: [{ any: true }] };
}

/** Refuses who has none. */
function refusal({ type, requests, providers }: TokenRequirementIr): EnvoyMessage {
  return { permissions: [needed({ type, requests })], principals: [notId(verifiedBy(providers))] };
}

/** The requests that need one. */
function needed({ type, requests }: Pick<TokenRequirementIr, 'type' | 'requests'>): EnvoyMessage {
  return type === 'AllBut' ? allBut(requests) : only(requests);
}

/** What needs none is let through only if it is that in every reading. */
function allBut(requests: readonly RequestIr[]): EnvoyMessage {
  if (requests.length === 0) return { any: true };
  return notRule(anyRule(requests.map((request) => permission(request, 'certainly'))));
}

function only(requests: readonly RequestIr[]): EnvoyMessage {
  return anyRule(requests.map((request) => permission(request, 'possibly')));
}
