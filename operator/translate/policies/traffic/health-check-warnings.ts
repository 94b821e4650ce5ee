// Health checks that are not what is meant: rules of the server deny them to callers whose other requests they allow, so that its
// endpoints would count as unhealthy, or endpoints may not be checked at all.
import { RE2JS } from 're2js';
import { reason } from '../../../conditions/conditions.ts';
import type { HealthCheckIr } from '../../../ir/destination.ts';
import type { AuthorizationIr, InboundPortIr, RuleIr, TokenRequirementIr } from '../../../ir/inbound.ts';
import type { RequestIr, RulePathIr } from '../../../ir/request.ts';
import type { IdentityIr, MeshIr, WorkloadIr } from '../../../ir/mesh-ir.ts';
import { originKey } from '../../../ir/origin.ts';
import { mayBeChecked, type ServicePortIr } from '../../../ir/service.ts';
import { rememberEach } from '../../../values/remember.ts';
import { isSameValue } from '../../../values/same-value.ts';
import { listed, type Problem } from '../../facts/verdicts.ts';
import { allows, allowsSome, certainly, type Rules } from '../admitted-callers.ts';
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
  /** null: of TCP there is none. */
  readonly request: CheckRequest | null;
  /** originKey of the object that says so. */
  readonly by: string;
}

function healthCheckWarnings({ byPort, untouched }: Said, model: Model): Warnings {
  const checked = model.services.flatMap((service): Checked[] => {
    const { value, origin } = (byPort.get(service.key) ?? untouched[service.protocol]).settings.healthCheck;
    if (value === null || origin === null) return [];
    return [{ service, request: requestOf(value.probe), by: originKey(origin) }];
  });
  if (checked.length === 0) return {};
  const workloads = new Map(model.workloads.map((workload) => [workload.key, workload]));
  const warnings: Record<string, Problem[]> = {};
  for (const { service, request, by } of checked) {
    const refused =
      request === null
        ? []
        : [
            ...checksWithoutToken(service, request, workloads),
            ...deniedChecks(service, request, workloads, model.identities),
          ];
    const found = [...refused, ...uncheckedEndpoints(service)];
    if (found.length > 0) (warnings[by] ??= []).push(...found);
  }
  return warnings;
}

// oxlint-disable-next-line max-params -- what is checked, and all who check it
function deniedChecks(
  service: ServicePortIr,
  request: CheckRequest,
  workloads: ReadonlyMap<string, WorkloadIr>,
  identities: readonly IdentityIr[],
): readonly Problem[] {
  const { method, path } = request;
  const rules = new Set(guardsOf(service, workloads).map(({ authorization }) => authorization));
  const refused = new Set([...rules].flatMap((one) => refusedCallers(one, identities, method, path)));
  if (refused.size === 0) return [];
  const callers = listed(
    identities
      .filter((one) => refused.has(one))
      .map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`),
  );
  const message = `SecurityPolicies deny the health checks of ${callers} at ${service.key}, so its endpoints count as unhealthy there. Allow ${method} ${path} for these callers.`;
  return [{ reason: reason.healthCheckDenied, message }];
}

function uncheckedEndpoints({ key, namespace, endpoints }: ServicePortIr): readonly Problem[] {
  const unchecked = endpoints.filter((endpoint) => !mayBeChecked(endpoint, namespace));
  if (unchecked.length === 0) return [];
  const addresses = listed([...new Set(unchecked.map(({ address }) => address))]);
  const message = `healthCheck has no effect on endpoints ${addresses} of ${key}, because they are not workloads of namespace ${namespace}. They count as healthy. Describe them as ExternalWorkloads of that namespace.`;
  return [{ reason: reason.healthCheckWithoutEffect, message }];
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

/** Checks carry none. */
function checksWithoutToken(
  service: ServicePortIr,
  check: CheckRequest,
  workloads: ReadonlyMap<string, WorkloadIr>,
): readonly Problem[] {
  const asks = guardsOf(service, workloads).some(({ authentication }) =>
    (authentication?.required ?? []).some((requirement) => needsToken(requirement, check)),
  );
  if (!asks) return [];
  const { method, path } = check;
  const message = `SecurityPolicies require a token for ${method} ${path}, and health checks of ${service.key} carry none, so its endpoints count as unhealthy. Add the request to authentication.exceptions.`;
  return [{ reason: reason.healthCheckDenied, message }];
}

function needsToken({ type, requests }: TokenRequirementIr, check: CheckRequest): boolean {
  const isListed = requests.some((one) => matchesRequest(one, check));
  return type === 'AllBut' ? !isListed : isListed;
}

type Guard = Pick<InboundPortIr, 'authentication' | 'authorization'>;

/** Of the servers that are checked. */
function guardsOf(
  { endpoints }: ServicePortIr,
  workloads: ReadonlyMap<string, WorkloadIr>,
): readonly Guard[] {
  return endpoints.flatMap(({ workload, port, mtls }): Guard[] => {
    const server = workloads.get(workload);
    if (server === undefined || !mtls) return [];
    const inbound = server.inbound.find((one) => one.port === port);
    return [inbound ?? { authentication: null, authorization: server.otherInbound.authorization }];
  });
}

/** Most policies change no rules: each rule is compared with a request once. */
const refusedCallers = rememberEach(
  // oxlint-disable-next-line max-params -- each is compared by itself
  (
    rules: AuthorizationIr,
    identities: readonly IdentityIr[],
    method: string,
    path: string,
  ): readonly IdentityIr[] => {
    const isAbout = ({ requests }: RuleIr): boolean =>
      requests === 'any' || requests.some((one) => matchesRequest(one, { method, path }));
    const said: Rules = { ...rules, deny: rules.deny.map(certainly) };
    const aboutIt: Rules = {
      deny: said.deny.filter(isAbout),
      allow: said.allow === 'all' ? 'all' : said.allow.filter(isAbout).map(withoutTokens),
    };
    return identities.filter(({ spiffeId }) => allowsSome(said, spiffeId) && !allows(aboutIt, spiffeId));
  },
);

/** An Allow rule, as far as it lets in who has no token. */
function withoutTokens(rule: RuleIr): RuleIr {
  const { callers } = rule;
  return callers === 'anyone' ? rule : { ...rule, callers: callers.filter(({ token }) => token === null) };
}

function matchesRequest({ methods, paths, not }: RequestIr, { method, path }: CheckRequest): boolean {
  const isMethod = methods === 'any' || methods.includes(method);
  const isPath = paths === 'any' || paths.some((one) => matchesPath(one, path));
  const isExcluded =
    not !== null && (not.methods.includes(method) || not.paths.some((one) => matchesPath(one, path)));
  return isMethod && isPath && !isExcluded;
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
