// The traffic of the last hour as people and `meshwright suggest` read it. Pure.
import type { Edge } from './edges.ts';
import type { Observations } from './observations.ts';
import type { RuleUse } from './rule-counts.ts';

export interface TrafficPage {
  /** ISO 8601. Since when all is counted, and until when. */
  readonly since: string;
  readonly until: string;
  /** As in `edges.ts`, without what is empty; `last`: ISO 8601. */
  readonly edges: readonly object[];
  /** Rules in force that decided about requests; a rule that is not here decided about none. */
  readonly rules: readonly RuleUse[];
}

export function trafficPage(observations: Observations, nowMs: number): TrafficPage {
  return {
    since: isoOf(observations.sinceMs()),
    until: isoOf(nowMs),
    edges: observations.edges().map(shownEdge),
    rules: observations.rules(),
  };
}

function shownEdge({ lastMs, ...edge }: Edge): object {
  const fields = Object.entries(edge).filter(([, value]) => !isNothing(value));
  return { ...Object.fromEntries(fields), last: isoOf(lastMs) };
}

function isNothing(value: unknown): boolean {
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return value === '' || value === 0 || value === null || isEmpty;
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
