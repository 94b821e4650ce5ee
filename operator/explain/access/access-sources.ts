// Which object says that a call is let in or refused, and where in it.
import type { Origin } from '../../ir/origin.ts';
import { nameOf, type Source, type SpecOf } from '../sources.ts';
import type { Access, Refused } from './access.ts';

export interface ServedPort {
  readonly port: number;
  /** Those that shape it, the Mesh first. */
  readonly origins: readonly Origin[];
}

export function sourcesOfAccess(
  { verdict, token }: Access,
  served: ServedPort,
  specOf: SpecOf,
): readonly Source[] {
  switch (verdict.type) {
    case 'Undecided':
      return verdict.asks.map(authorizerSource);
    case 'Allowed':
      return verdict.rule === null ? [] : [ruleSource(verdict.rule)];
    case 'Refused':
      if (verdict.by === 'Token') return tokenSources(verdict, token);
      return verdict.rule === null ? thoseWhoMay(verdict, served, specOf) : [ruleSource(verdict.rule)];
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
function thoseWhoMay(verdict: Refused, { origins, port }: ServedPort, specOf: SpecOf): readonly Source[] {
  const policies = origins.filter(({ kind }) => kind === 'SecurityPolicy');
  if (verdict.by === 'Mtls') {
    const saying = policies.flatMap((origin) => strictField(memberOf(specOf(origin), 'mtls'), port, origin));
    const [mesh] = origins;
    return saying.length > 0 || mesh === undefined ? saying : [{ object: nameOf(mesh), field: 'spec.mtls' }];
  }
  return policies
    .filter((origin) => isSaying(memberOf(specOf(origin), 'authorization'), verdict))
    .map((origin) => ({ object: nameOf(origin), field: 'spec.authorization' }));
}

/** said: the policy's mtls. Empty: it does not say Strict of the port. */
function strictField(said: unknown, port: number, origin: Origin): readonly Source[] {
  const ports = memberOf(said, 'ports');
  const own = Array.isArray(ports) ? ports.find((one) => memberOf(one, 'port') === port) : undefined;
  if (memberOf(own ?? said, 'mode') !== 'Strict') return [];
  return [{ object: nameOf(origin), field: own === undefined ? 'spec.mtls' : `spec.mtls.ports[${port}]` }];
}

/** said: authorization. Of connections, Deny rules are among what refuses. */
function isSaying(said: unknown, { by, status }: Refused): boolean {
  if (said === undefined || memberOf(said, 'enforcement') === 'Audit') return false;
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
