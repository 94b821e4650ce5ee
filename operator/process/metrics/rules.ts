// Metrics of rules: whom they refuse, by what sidecars report.
import { Counter, type Registry } from 'prom-client';
import { prefix } from './prefix.ts';

const labelNames = ['enforcement', 'namespace', 'policy', 'rule', 'caller', 'callee'] as const;

export interface RuleMetrics {
  /** So many more requests were refused by a rule, or would have been if it were enforced. There is a series for each set of labels. */
  ruleRefused(labels: Readonly<Record<(typeof labelNames)[number], string>>, requests: number): void;
}

export function addRules(registry: Registry): RuleMetrics {
  const refusals = new Counter({
    name: `${prefix}rule_refusals_total`,
    help: 'Requests that rules of SecurityPolicies refused (enforcement Enforce), or would refuse (Audit), as sidecars reported to this replica.',
    labelNames,
    registers: [registry],
  });
  return { ruleRefused: (labels, requests) => refusals.inc({ ...labels }, requests) };
}
