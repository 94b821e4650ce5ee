// Health checks that rules of the server deny to callers whose other requests they allow: its endpoints would count as unhealthy.
import { RE2JS } from 're2js';
import { reason } from '../../../conditions/conditions.ts';
import type { HealthCheckIr } from '../../../ir/destination.ts';
import type { AuthorizationIr, RequestIr, RuleIr, RulePathIr } from '../../../ir/inbound.ts';
import type { IdentityIr, MeshIr, WorkloadIr } from '../../../ir/mesh-ir.ts';
import { originKey } from '../../../ir/origin.ts';
import type { ServicePortIr } from '../../../ir/service.ts';
import { isSameValue } from '../../../values/same-value.ts';
import { listed, type Problem } from '../../facts/verdicts.ts';
import type { Traffic } from './traffic.ts';
import type { Warnings } from './warnings.ts';

type Said = Pick<Traffic, 'byPort' | 'untouched'>;
type Model = Pick<MeshIr, 'services' | 'workloads' | 'identities'>;

/** The same object as in the batch before while there is the same to say. */
export function createHealthCheckWarner(): (traffic: Said, model: Model) => Warnings {
  let last: Warnings = {};
  return (traffic, model) => {
    const found = healthCheckWarnings(traffic, model);
    if (!isSameValue(last, found)) last = found;
    return last;
  };
}

interface Checked {
  readonly service: ServicePortIr;
  readonly request: CheckRequest;
  /** originKey of the object that says so. */
  readonly by: string;
}

function healthCheckWarnings({ byPort, untouched }: Said, model: Model): Warnings {
  const checked = model.services.flatMap((service): Checked[] => {
    const { value, origin } = (byPort.get(service.key) ?? untouched[service.protocol]).settings.healthCheck;
    const request = value === null ? null : requestOf(value.probe);
    return request === null || origin === null ? [] : [{ service, request, by: originKey(origin) }];
  });
  if (checked.length === 0) return {};
  const workloads = new Map(model.workloads.map((workload) => [workload.key, workload]));
  const warnings: Record<string, Problem[]> = {};
  for (const { service, request, by } of checked) {
    const refused = refusedCallers(rulesOf(service, workloads), request, model.identities);
    if (refused.length === 0) continue;
    const callers = listed(refused.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`));
    (warnings[by] ??= []).push({
      reason: reason.healthCheckDenied,
      message: `SecurityPolicies deny the health checks of ${callers} at ${service.key}, so its endpoints count as unhealthy there. Allow ${request.method} ${request.path} for these callers.`,
    });
  }
  return warnings;
}

interface CheckRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
}

/** null: there is none for rules on requests. */
function requestOf(probe: HealthCheckIr['probe']): CheckRequest | null {
  switch (probe.type) {
    case 'HTTP':
      return { method: 'GET', path: probe.path.replace(/\?.*/, '') };
    case 'GRPC':
      return { method: 'POST', path: '/grpc.health.v1.Health/Check' };
    case 'TCP':
      return null;
  }
}

/** Each once. */
function rulesOf(
  { endpoints }: ServicePortIr,
  workloads: ReadonlyMap<string, WorkloadIr>,
): ReadonlySet<AuthorizationIr> {
  return new Set(
    endpoints.flatMap(({ workload, port, mtls }) => {
      const server = workloads.get(workload);
      if (server === undefined || !mtls) return [];
      const inbound = server.inbound.find((one) => one.port === port) ?? server.otherInbound;
      return [inbound.authorization];
    }),
  );
}

function refusedCallers(
  rules: ReadonlySet<AuthorizationIr>,
  request: CheckRequest,
  identities: readonly IdentityIr[],
): readonly IdentityIr[] {
  return identities.filter(({ spiffeId }) =>
    [...rules].some((one) => allowsSome(one, spiffeId) && !allows(one, spiffeId, request)),
  );
}

/** Some request of that caller. */
function allowsSome({ deny, allow }: AuthorizationIr, caller: string): boolean {
  const isShutOut = deny.some((rule) => rule.requests === 'any' && names(rule, caller));
  return !isShutOut && (allow === 'all' || allow.some((rule) => names(rule, caller)));
}

function allows({ deny, allow }: AuthorizationIr, caller: string, request: CheckRequest): boolean {
  const matches = (rule: RuleIr): boolean =>
    names(rule, caller) &&
    (rule.requests === 'any' || rule.requests.some((one) => matchesRequest(one, request)));
  return !deny.some(matches) && (allow === 'all' || allow.some(matches));
}

function names({ callers }: RuleIr, caller: string): boolean {
  if (callers === 'anyone') return true;
  return callers.some(
    ({ spiffeIds, spiffePrefixes }) =>
      spiffeIds.includes(caller) || spiffePrefixes.some((prefix) => caller.startsWith(prefix)),
  );
}

function matchesRequest({ methods, paths }: RequestIr, { method, path }: CheckRequest): boolean {
  const isMethod = methods === 'any' || methods.includes(method);
  return isMethod && (paths === 'any' || paths.some((one) => matchesPath(one, path)));
}

function matchesPath({ type, value, ignoreCase }: RulePathIr, asked: string): boolean {
  const [wanted, path] = ignoreCase ? [value.toLowerCase(), asked.toLowerCase()] : [value, asked];
  switch (type) {
    case 'Exact':
      return path === wanted;
    case 'PathPrefix':
      return wanted === '/' || path === wanted || path.startsWith(`${wanted}/`);
    case 'RegularExpression':
      return RE2JS.matches(wanted, path);
  }
}
