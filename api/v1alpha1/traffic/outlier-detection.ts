// Which endpoints a caller's sidecar leaves out for a while, by how they answered.
import { z } from 'zod';
import { Duration } from '../../duration.ts';
import { withRules } from '../../schema.ts';

const consecutive = (): z.ZodInt => z.int().min(0).max(1_000);

const upToAnHour = (field: string): z.ZodString =>
  withRules(Duration, {
    rule: "duration(self) >= duration('1s') && duration(self) <= duration('1h')",
    message: `Set ${field} between 1s and 1h.`,
  });

const SuccessRate = z.object({
  minEndpoints: z
    .int()
    .min(2)
    .max(1_000)
    .default(5)
    .describe(
      'Number of endpoints that must have minRequests in an interval; with fewer, none is ejected, 2 to 1000. Default: 5.',
    ),
  minRequests: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(100)
    .describe(
      'Minimum number of requests in an interval for an endpoint to count, 1 to 1000000. Default: 100.',
    ),
  standardDeviationPercentage: z
    .int()
    .min(1)
    .max(1_000)
    .default(190)
    .describe(
      'How far the success rate of an endpoint may be below the average of all endpoints, in percent of the standard deviation, 1 to 1000. Default: 190, which is 1.9 standard deviations.',
    ),
});

const FailurePercentage = z.object({
  threshold: z
    .int()
    .min(1)
    .max(100)
    .default(85)
    .describe(
      'Percentage of the requests in an interval that must fail for an endpoint to be ejected, 1 to 100. Default: 85.',
    ),
  minEndpoints: z
    .int()
    .min(1)
    .max(1_000)
    .default(1)
    .describe(
      'Number of endpoints that must have minRequests in an interval; with fewer, none is ejected, 1 to 1000. Default: 1.',
    ),
  minRequests: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(50)
    .describe(
      'Minimum number of requests in an interval for an endpoint to count, 1 to 1000000. Default: 50.',
    ),
});

// No defaults here: a field that is not written may come from another policy.
export const OutlierDetection = withRules(
  z.object({
    consecutive5xx: consecutive()
      .optional()
      .describe(
        'Number of 5xx responses in a row after which an endpoint is ejected, 0 to 1000; 0 means never. Default: 0.',
      ),
    consecutiveGatewayErrors: consecutive()
      .optional()
      .describe(
        'Number of 502, 503 and 504 responses in a row after which an endpoint is ejected, 0 to 1000; 0 means never. Default: 0.',
      ),
    consecutiveLocalOriginFailures: consecutive()
      .optional()
      .describe(
        'Number of failures in a row to connect to an endpoint, or of tries without a response, after which it is ejected, 0 to 1000; 0 means never. Default: 5 for HTTP, 0 for TCP, 1 for TCP with locality.type.',
      ),
    successRate: SuccessRate.optional().describe(
      'Ejects an endpoint whose success rate is much lower than that of the others. Its fields count as one. Default: off.',
    ),
    failurePercentage: FailurePercentage.optional().describe(
      'Ejects an endpoint that fails a percentage of its requests, whatever the others do. Its fields count as one. Default: off.',
    ),
    interval: upToAnHour('interval')
      .optional()
      .describe(
        'Time between two checks of success rates and failure percentages, and of which ejected endpoints can return, 1s to 1h. Default: 10s; 1s without consecutive5xx, consecutiveGatewayErrors, successRate and failurePercentage.',
      ),
    baseEjectionTime: upToAnHour('baseEjectionTime')
      .optional()
      .describe(
        'Time for which an endpoint is ejected, 1s to 1h. It is multiplied by the number of recent ejections of the endpoint; the result is at most ten times this value, or 30s if that is longer. Default: 30s; 2s without consecutive5xx, consecutiveGatewayErrors, successRate and failurePercentage.',
      ),
    maxEjectionPercentage: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe(
        'Maximum percentage of the endpoints that are ejected at the same time, 1 to 100. One endpoint can always be ejected. If all are, requests go to all of them. Default: 50; 100 without consecutive5xx, consecutiveGatewayErrors, successRate and failurePercentage.',
      ),
  }),
  {
    rule: 'has(self.consecutive5xx) || has(self.consecutiveGatewayErrors) || has(self.consecutiveLocalOriginFailures) || has(self.successRate) || has(self.failurePercentage) || has(self.interval) || has(self.baseEjectionTime) || has(self.maxEjectionPercentage)',
    message: 'Set at least one field of outlierDetection, or leave outlierDetection out.',
  },
);
