// The condition of a Mesh whose metrics of traffic would have too many series. Pure.
import { type ConditionDraft, conditionType, reason } from '../conditions/conditions.ts';
import type { MetricsReport } from '../conditions/metrics-report.ts';

/** undefined: nothing is folded. */
export function metricsWithinBudgetOf({ folded, maxSeries }: MetricsReport): ConditionDraft | undefined {
  if (folded.length === 0) return undefined;
  const what = folded.length === 1 ? `the label ${folded[0]} is` : `the labels ${folded.join(', ')} are`;
  return {
    type: conditionType.metricsWithinBudget,
    status: 'False',
    reason: reason.labelsFolded,
    message: `Metrics of traffic would have more than ${maxSeries} series, so ${what} "other" in all of them. Raise spec.telemetry.metrics.maxSeries, or remove labels from spec.telemetry.metrics.labels.`,
  };
}
