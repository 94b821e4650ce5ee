// The part of a Mesh about metrics of traffic for Prometheus.
import { z } from 'zod';
import { listSet } from '../../schema.ts';

export const Metrics = z
  .object({
    reporters: z
      .enum(['Both', 'Destination'])
      .default('Both')
      .describe(
        'Whose sidecars count calls. Both (default): those of callers and of called workloads. Destination: only those of called workloads; calls that never arrive are not counted.',
      ),
    labels: listSet(z.array(z.enum(['Port', 'Route', 'ResponseCode', 'ResponseFlags'])).max(4))
      .default([])
      .describe(
        'Labels in addition to the default ones: port, route, response_code, response_flags. Each multiplies the series. Counters begin at 0 when this changes. Default: none.',
      ),
    maxSeries: z
      .int()
      .min(1_000)
      .max(1_000_000)
      .default(50_000)
      .describe(
        'Series that each replica of the operator serves at most; 50000 take about 10 MB of memory. If there would be more, the label with the most values becomes "other", and the condition MetricsWithinBudget says so. Default: 50000.',
      ),
  })
  .prefault({})
  .describe('Metrics of traffic, which the operator serves at /metrics/traffic.');
export type Metrics = z.infer<typeof Metrics>;
