// Policies with their truth: which proxies obey, which do not and why, and what decides instead. Pure.
import type { SecurityPolicy } from '../../../api/v1alpha1/security/policy.ts';
import type { TrafficPolicy } from '../../../api/v1alpha1/traffic/policy.ts';
import { conditionType } from '../../conditions/conditions.ts';
import { originKey } from '../../ir/origin.ts';
import type { ObjectStatus } from '../../ports/platform.ts';
import { referencesIn } from '../../status/references.ts';
import type { ProxyReport } from '../../xds/session/proxy-report.ts';
import type {
  AuditLine,
  AuditView,
  Obedience,
  PoliciesView,
  PolicyCondition,
  PolicyLine,
  PolicyView,
} from './json.ts';
import { type Nodes, nodesOf } from './nodes.ts';
import { quotaLines } from './quotas.ts';
import { reportsByWorkload } from './proxies.ts';
import type { Source } from './source.ts';

type Policy = TrafficPolicy | SecurityPolicy;

const mostProxies = 200;

export function policiesView(source: Source): PoliciesView {
  return { isKnown: source.statuses.size > 0, policies: policyLines(source) };
}

export function policyLines({ objects, statuses }: Source): readonly PolicyLine[] {
  return [...objects.trafficPolicies, ...objects.securityPolicies].map((policy) =>
    lineOf(policy, statuses.get(keyOf(policy))),
  );
}

export function auditView(source: Source): AuditView {
  const onTrial = source.objects.securityPolicies.filter(
    (policy) => auditLines(policy, source).length > 0 || isOnTrial(policy),
  );
  return {
    policies: onTrial.map((policy) => lineOf(policy, source.statuses.get(keyOf(policy)))),
    refusals: onTrial
      .flatMap((policy) => auditLines(policy, source))
      .toSorted((a, b) => b.requests - a.requests),
  };
}

/** null: there is no such policy. */
export function policyView(source: Source, key: string): PolicyView | null {
  const { objects, statuses, verdicts } = source;
  const policy = [...objects.trafficPolicies, ...objects.securityPolicies].find((it) => keyOf(it) === key);
  if (policy === undefined) return null;
  const status = statuses.get(key);
  return {
    ...lineOf(policy, status),
    generation: policy.metadata.generation ?? 0,
    conditions: conditionsOf(status),
    overriddenBy: verdicts.find(({ origin }) => originKey(origin) === key)?.overriddenBy ?? [],
    overrides: verdicts
      .filter(({ overriddenBy = [] }) => overriddenBy.includes(key))
      .map(({ origin }) => originKey(origin)),
    obedience: obedienceOf(source, key),
    audit: policy.kind === 'SecurityPolicy' ? auditLines(policy, source) : [],
    quotas: policy.kind === 'TrafficPolicy' ? quotaLines(policy, status) : [],
  };
}

function keyOf({ kind, metadata: { namespace = '', name } }: Policy): string {
  return `${kind}/${namespace}/${name}`;
}

function isOnTrial({ spec: { authorization } }: SecurityPolicy): boolean {
  return authorization?.enforcement === 'Audit';
}

const programmedness: Readonly<Record<string, boolean>> = { True: true, False: false };
const none = { programmed: 0, total: 0 };

function lineOf(policy: Policy, status: ObjectStatus | undefined): PolicyLine {
  const { kind, metadata, spec } = policy;
  const is = (type: string): string => status?.conditions.find((it) => it.type === type)?.status ?? 'Unknown';
  const counts = status?.proxies !== undefined && 'total' in status.proxies ? status.proxies : none;
  return {
    kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    targets: spec.targetRefs.map((target) => `${target.kind} ${target.name}`).join(', '),
    accepted: is(conditionType.accepted) === 'True',
    programmed: programmedness[is(conditionType.programmed)] ?? null,
    proxies: { programmed: counts.programmed, total: counts.total },
    isOverridden: is(conditionType.overridden) === 'True',
    hasWarning: is(conditionType.warning) === 'True',
    wouldRefuse: policy.kind === 'SecurityPolicy' && isOnTrial(policy) ? refusedRequests(status) : null,
  };
}

function refusedRequests(status: ObjectStatus | undefined): number {
  return status !== undefined && 'audit' in status ? (status.audit?.requests ?? 0) : 0;
}

export function conditionsOf(status: ObjectStatus | undefined): readonly PolicyCondition[] {
  return (status?.conditions ?? []).map(({ type, status: is, reason, message, lastTransitionTime }) => ({
    type,
    status: is,
    reason,
    message,
    since: lastTransitionTime,
  }));
}

function auditLines(policy: SecurityPolicy, { statuses }: Source): readonly AuditLine[] {
  const status = statuses.get(keyOf(policy));
  if (status === undefined || !('audit' in status)) return [];
  return (status.audit?.refusals ?? []).map(
    ({ caller, object = '', port, rule = '', requests, lastTime }) => ({
      policy: keyOf(policy),
      caller,
      object,
      port,
      rule,
      requests,
      last: lastTime,
    }),
  );
}

function obeys({ state }: Obedience): number {
  return state === 'Obeys' ? 1 : 0;
}

/** Those whose view has something of it, or who still run something of it. */
function obedienceOf({ snapshot, proxies, ir, pods }: Source, key: string): readonly Obedience[] {
  if (snapshot === null) return [];
  const layers = new Set(referencesIn(snapshot).objects.get(key)?.layers);
  const nodes = nodesOf(ir, pods);
  const rows = [...reportsByWorkload(proxies).values()]
    .map((report) =>
      obedience(report, { key, nodes, isConcerned: report.layers.some((it) => layers.has(it)) }),
    )
    .filter((row) => row !== null);
  return rows
    .toSorted((a, b) => (a.workload < b.workload ? -1 : 1))
    .toSorted((a, b) => obeys(a) - obeys(b))
    .slice(0, mostProxies);
}

function obedience(
  { workload, leftAtMs, rejected, lagging, former }: ProxyReport,
  { key, nodes, isConcerned }: { readonly key: string; readonly nodes: Nodes; readonly isConcerned: boolean },
): Obedience | null {
  const isOf = ({ origins }: { readonly origins: ProxyReport['former'][number]['origins'] }): boolean =>
    origins?.some((it) => originKey(it) === key) === true;
  const row = (state: Obedience['state'], why: string): Obedience => ({
    workload,
    node: nodes.ofWorkload(workload)?.id ?? null,
    state,
    why,
  });
  const refused = rejected.find(isOf);
  if (refused !== undefined) return row('Rejected', refused.message);
  const missing = lagging.find(isOf);
  const left = former.find(isOf);
  if (!isConcerned && missing === undefined && left === undefined) return null;
  if (leftAtMs !== null) return row('Away', 'It has left; what it runs now nobody knows.');
  if (missing !== undefined) return row('Pending', `It has not acknowledged ${missing.name}.`);
  if (left !== undefined) return row('Pending', `It still runs an earlier ${left.name}.`);
  return row('Obeys', '');
}
