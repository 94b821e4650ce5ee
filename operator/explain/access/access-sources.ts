// Which object says that a call is let in or refused, and where in it.
import type { Origin } from '../../ir/origin.ts';
import { nameOf, type Source, type SpecOf } from '../sources.ts';
import type { Access, Refused } from './access.ts';

/** @param origins of the port, the Mesh first */
export function sourcesOfAccess(
  { verdict, token }: Access,
  origins: readonly Origin[],
  specOf: SpecOf,
): readonly Source[] {
  switch (verdict.type) {
    case 'Undecided':
      return verdict.asks.map(authorizerSource);
    case 'Allowed':
      return verdict.rule === null ? [] : [ruleSource(verdict.rule)];
    case 'Refused':
      if (verdict.by === 'Token') return tokenSources(verdict, token);
      return verdict.rule === null ? thoseWhoMay(verdict, origins, specOf) : [ruleSource(verdict.rule)];
  }
}

/** Who asks for one, or all whose tokens are accepted. */
function tokenSources({ rule }: Refused, token: Access['token']): readonly Source[] {
  const ids = rule?.includes('/') === true ? [rule] : (token?.issuers ?? []).map(({ id }) => id);
  const sources = ids.map((id) => ({ object: policyOf(id), field: 'spec.authentication' }));
  return [...new Map(sources.map((source) => [source.object, source])).values()];
}

/** Of `shop/reviews/no-admin`; an authorizer that there is not refuses like a rule. */
export function ruleSource(id: string): Source {
  if (id.endsWith('/external-authorizer')) return authorizerSource(id);
  const [, , ...rule] = id.split('/');
  return { object: policyOf(id), field: `spec.authorization.rules[${rule.join('/')}]` };
}

function authorizerSource(id: string): Source {
  return { object: policyOf(id), field: 'spec.authorization.external' };
}

function policyOf(id: string): string {
  const [namespace = '', policy = ''] = id.split('/');
  return `SecurityPolicy ${namespace}/${policy}`;
}

/** Where no rule by itself refuses: those that say something about it, of which some policies say it together. */
function thoseWhoMay(verdict: Refused, origins: readonly Origin[], specOf: SpecOf): readonly Source[] {
  const field = verdict.by === 'Mtls' ? 'mtls' : 'authorization';
  const saying = origins.filter(
    ({ kind, ...origin }) =>
      kind === 'SecurityPolicy' && isSaying(memberOf(specOf({ kind, ...origin }), field), verdict),
  );
  const [mesh] = origins;
  if (saying.length === 0 && field === 'mtls' && mesh !== undefined)
    return [{ object: nameOf(mesh), field: 'spec.mtls' }];
  return saying.map((origin) => ({ object: nameOf(origin), field: `spec.${field}` }));
}

/** said: of mtls or authorization. Of connections, Deny rules are among what refuses. */
function isSaying(said: unknown, { by, status }: Refused): boolean {
  if (said === undefined || memberOf(said, 'enforcement') === 'Audit') return false;
  if (by === 'Mtls') return memberOf(said, 'mode') === 'Strict';
  const rules = memberOf(said, 'rules');
  const allows = Array.isArray(rules) && (rules.length === 0 || rules.some(isAllow));
  return status === null || by !== 'Allow' || allows;
}

function isAllow(rule: unknown): boolean {
  return memberOf(rule, 'action') === 'Allow';
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
