import { expect, test } from '@jest/globals';
import { nothingFolded } from '../../../operator/conditions/metrics-report.ts';
import { metricsWithinBudgetOf } from '../../../operator/status/metrics-within-budget.ts';

test('the Mesh says which labels are folded, and nothing while none is', () => {
  expect(metricsWithinBudgetOf(nothingFolded)).toBeUndefined();
  expect(metricsWithinBudgetOf({ maxSeries: 1_000, folded: ['route'] })).toEqual({
    type: 'MetricsWithinBudget',
    status: 'False',
    reason: 'LabelsFolded',
    message:
      'Metrics of traffic would have more than 1000 series, so the label route is "other" in all of them. Raise spec.telemetry.metrics.maxSeries, or remove labels from spec.telemetry.metrics.labels.',
  });
});
