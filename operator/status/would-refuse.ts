// What rules on trial would have refused: a condition and a list in the status of a SecurityPolicy. Pure.
import type { AuditStatus } from '../../api/v1alpha1/security/status.ts';
import type { AuditRefusal, AuditReport } from '../conditions/audit-report.ts';
import { type ConditionDraft, conditionType, reason } from '../conditions/conditions.ts';
import type { Origin } from '../ir/origin.ts';
import { timestamp } from './object-status.ts';

/** `namespace/name` of a policy → what was seen of it. */
export type AuditsByPolicy = ReadonlyMap<string, AuditReport>;

export function auditsByPolicy(reports: readonly AuditReport[]): AuditsByPolicy {
  return new Map(reports.map((report) => [report.policy, report]));
}

/** None for a policy that was not on trial lately. */
export function wouldRefuseOf(origin: Origin, audits: AuditsByPolicy): readonly ConditionDraft[] {
  const report = reportOn(origin, audits);
  if (report === undefined) return [];
  const type = conditionType.wouldRefuse;
  if (report.enforcement === 'Enforce')
    return [{ type, status: 'False', reason: reason.enforced, message: enforcedMessage(report) }];
  const { requests, sidecars } = report;
  if (requests > 0)
    return [{ type, status: 'True', reason: reason.refusals, message: refusalsMessage(report) }];
  if (sidecars.all > 0 && sidecars.reporting === sidecars.all) {
    const message = `${period(report)}, the rules would have refused no request. ${reporting(report)}`;
    return [{ type, status: 'False', reason: reason.noRefusals, message }];
  }
  return [{ type, status: 'Unknown', reason: reason.notReporting, message: reporting(report) }];
}

/** Nothing while there is nothing to list. */
export function auditStatusOf(origin: Origin, audits: AuditsByPolicy): { readonly audit?: AuditStatus } {
  const report = reportOn(origin, audits);
  if (report === undefined || report.requests === 0 || report.enforcement === 'Enforce') return {};
  const { requests, callers, refusals, sinceMs } = report;
  return {
    audit: {
      requests,
      callers,
      ...(sinceMs !== null && { since: time(sinceMs) }),
      refusals: refusals.map(({ caller, object, port, rule, routes, requests: count, lastMs }) => ({
        caller: caller.slice(0, 1024),
        ...(object !== null && { object: object.slice(0, 512) }),
        port,
        ...(rule !== '' && { rule: rule.slice(0, 512) }),
        ...(routes.length > 0 && { routes: routes.map((route) => route.slice(0, 128)) }),
        requests: count,
        lastTime: time(lastMs),
      })),
    },
  };
}

function reportOn({ kind, namespace, name }: Origin, audits: AuditsByPolicy): AuditReport | undefined {
  return kind === 'SecurityPolicy' ? audits.get(`${namespace}/${name}`) : undefined;
}

const named = 3;

function refusalsMessage(report: AuditReport): string {
  const { sidecars } = report;
  const all = sidecars.reporting < sidecars.all ? ` ${reporting(report)}` : '';
  return `${period(report)}, the rules would have refused ${refused(report)}. If these requests should be permitted, add rules before you set enforcement to Enforce.${all}`;
}

function enforcedMessage(report: AuditReport): string {
  const { requests } = report;
  const what = requests === 0 ? 'no request' : refused(report);
  return `The rules are enforced. ${report.sinceMs === null ? 'In the hour before' : `From ${time(report.sinceMs)} until then`}, they would have refused ${what}.`;
}

/** Without a full stop. */
function refused({ requests, callers, refusals }: AuditReport): string {
  const worst = refusals.slice(0, named).map(sentenceOf);
  const more = refusals.length > named ? '; and others' : '';
  return `${counted(requests, 'request')} of ${counted(callers, 'caller')}: ${worst.join('; ')}${more}`;
}

function sentenceOf({ caller, object, port, rule, routes, requests }: AuditRefusal): string {
  const who = object === null ? accountOf(caller) : `${caller} (${object})`;
  const why = rule === '' ? 'no Allow rule matches' : `Deny rule ${rule}`;
  const [route] = routes;
  const where = route === undefined ? '' : `${routes.length > 1 ? ', most often' : ','} ${route}`;
  return `${requests} from ${who} to port ${port}${where} (${why})`;
}

/** `spiffe://cluster.local/ns/shop/sa/productpage` → `shop/productpage`, as rules name it. */
function accountOf(caller: string): string {
  const [, namespace, account] = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(caller) ?? [];
  return namespace === undefined ? caller : `${namespace}/${account ?? ''}`;
}

function reporting({ sidecars: { reporting: some, all } }: AuditReport): string {
  if (all === 0) return 'No sidecar serves an HTTP port of the targets, so no requests are observed.';
  if (some === all)
    return all === 1 ? 'The sidecar of the target reports.' : `All ${all} sidecars of the targets report.`;
  return `Of ${all} sidecars of the targets, ${some === 0 ? 'none reports' : `only ${some} report`} what it sees: wait a minute, then restart the pods of those that are not connected or were started by an earlier version of Meshwright.`;
}

function period({ sinceMs }: AuditReport): string {
  return sinceMs === null ? 'In the last hour' : `Since ${time(sinceMs)}`;
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}

function time(ms: number): string {
  return timestamp(new Date(ms));
}
