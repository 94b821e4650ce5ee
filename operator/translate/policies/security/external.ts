// External authorizers in the mesh's own words: who is asked about which requests of a port, and where nobody can be asked.
import { durationMs } from '../../../../api/duration.ts';
import type { ExternalAuthorizer } from '../../../../api/v1alpha1/security/external-authorizer.ts';
import type { SecurityPolicy } from '../../../../api/v1alpha1/security/policy.ts';
import type { AuthorizerIr } from '../../../ir/authorizer.ts';
import type { RuleIr } from '../../../ir/inbound.ts';
import { compareText } from '../../../values/compare-text.ts';
import { type Authorizers, placeName } from './authorizer-references.ts';
import { boundedExternal } from './large-expressions.ts';
import { type Place, requestsOf } from './requests.ts';
import { policyId } from './token-match.ts';

/** What a policy has of an authorizer at one port of one workload. */
export type Asked =
  /** Key of the service port that is asked. */
  | { readonly service: string }
  /** Closed: there is nobody to ask. Spared: an authorizer answers there. */
  | 'closed'
  | 'spared';

/** null: the policy has no authorizer. */
export function askedAt(
  policy: SecurityPolicy,
  authorizers: Authorizers,
  workload: string,
  port: number | null,
): Asked | null {
  if (policy.spec.authorization?.external === undefined) return null;
  const found = authorizers.get(policy);
  if (found === undefined || 'fact' in found) return 'closed';
  return found.spared.includes(placeName(workload, port)) ? 'spared' : { service: found.service };
}

/** null: nobody is asked about anything there. */
export function authorizerAt(policy: SecurityPolicy, asked: Asked | null, place: Place): AuthorizerIr | null {
  const external = policy.spec.authorization?.external;
  if (external === undefined || asked === null || typeof asked === 'string' || place.protocol === 'TCP')
    return null;
  const requests = requestsOf(boundedExternal(external).rule, place);
  return requests === null ? null : authorizerOf(external, { id: externalId(policy), ...asked, requests });
}

/**
 * Where somebody would have to be asked, and nobody can be: there is no such service, or a connection has no request. At most one rule.
 */
export function externalDenials(
  policy: SecurityPolicy,
  asked: Asked | null,
  place: Place,
): readonly RuleIr[] {
  const external = policy.spec.authorization?.external;
  if (external === undefined || asked === null || asked === 'spared') return [];
  if (asked !== 'closed' && place.protocol === 'HTTP') return [];
  const requests = requestsOf(boundedExternal(external).rule, place);
  if (requests === null) return [];
  return [{ id: externalId(policy), callers: 'anyone', unidentified: true, requests }];
}

/** What no caller may write there: also where nobody is asked, or can be. But an authorizer may be told what another one wrote. */
export function authorizerHeaders(policy: SecurityPolicy, asked: Asked | null): readonly string[] {
  return asked === 'spared' ? [] : names(policy.spec.authorization?.external?.upstreamHeaders ?? []);
}

function externalId(policy: SecurityPolicy): string {
  return `${policyId(policy)}/external-authorizer`;
}

function authorizerOf(
  external: ExternalAuthorizer,
  where: Pick<AuthorizerIr, 'id' | 'service' | 'requests'>,
): AuthorizerIr {
  const { protocol, pathPrefix = '', timeout, failureMode, forwardBody } = external;
  return {
    ...where,
    protocol,
    pathPrefix,
    timeoutMs: durationMs(timeout),
    onFailure: failureMode,
    body: forwardBody ?? null,
    sentHeaders: names(external.allowedHeaders),
    upstreamHeaders: names(external.upstreamHeaders),
    responseHeaders: names(external.responseHeaders),
  };
}

/** Sorted, each once. */
function names(headers: readonly string[]): readonly string[] {
  return [...new Set(headers.map((name) => name.toLowerCase()))].toSorted(compareText);
}
