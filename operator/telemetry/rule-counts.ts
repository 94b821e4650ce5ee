// What sidecars counted about rules. Pure.
import { byText } from '../values/compare-text.ts';
import type { Series } from './store.ts';
import type { Window } from './window.ts';

/** Requests of one path that rules on trial would have refused. */
export interface AuditRoute {
  readonly source: string;
  readonly port: string;
  /** As in `Refused`. */
  readonly rule: string;
  /** `GET /admin`: as the caller wrote it, without its query, and cut off; `other`: of more than are told apart. */
  readonly route: string;
  readonly count: number;
}

export interface RuleUse {
  /** `shop/reviews/rule`; `other`: of more than are told apart. */
  readonly rule: string;
  /** That it let in, or refused. */
  readonly requests: number;
}

export function auditRoutesIn(all: Iterable<Series>, { at, fromMs }: Window): readonly AuditRoute[] {
  const routes: AuditRoute[] = [];
  for (const { metric, tags, ring } of all) {
    if (metric !== 'inbound.audit_routes') continue;
    const { source, port, route, rule } = tags;
    const [count = 0] = ring.sums(fromMs, at.monotonicMs);
    if (count > 0) routes.push({ source, port, route, rule, count });
  }
  return routes;
}

/** Sorted by rule. */
export function ruleUses(all: Iterable<Series>, { at, fromMs }: Window): readonly RuleUse[] {
  const uses = new Map<string, number>();
  for (const { metric, tags, ring } of all) {
    if ((metric !== 'inbound.permits' && metric !== 'inbound.refusals') || tags.rule === '') continue;
    const [count = 0] = ring.sums(fromMs, at.monotonicMs);
    if (count > 0) uses.set(tags.rule, count + (uses.get(tags.rule) ?? 0));
  }
  return [...uses].map(([rule, requests]) => ({ rule, requests })).toSorted(byText(({ rule }) => rule));
}
