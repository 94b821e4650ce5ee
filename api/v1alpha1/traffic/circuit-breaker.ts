// Limits of what a caller's sidecar sends to a Service at the same time.
import { z } from 'zod';
import { withRules } from '../../schema.ts';

const limit = (): z.ZodInt => z.int().min(1).max(1_000_000);

// No defaults here: a field that is not written may come from another policy.
export const CircuitBreaker = withRules(
  z.object({
    maxConnections: limit()
      .optional()
      .describe(
        'Maximum number of connections to all endpoints together, 1 to 1000000; an endpoint without a connection can always get one. Further HTTP/1.1 requests wait for a connection; further connections to TCP ports are closed. Default: no limit.',
      ),
    maxPendingRequests: limit()
      .optional()
      .describe(
        'Maximum number of requests that wait for a connection, 1 to 1000000. Further ones get 503. Default: no limit.',
      ),
    maxRequests: limit()
      .optional()
      .describe(
        'Maximum number of requests in flight to all endpoints together, 1 to 1000000. Further ones get 503. Default: no limit.',
      ),
    maxRetries: limit()
      .optional()
      .describe(
        'Maximum number of retries in flight to all endpoints together, 1 to 1000000. Further failed requests are not retried. Only one of it and retry.budget is in effect: that of the more specific policy. Default: no limit but retry.budget.',
      ),
    perEndpoint: z
      .object({
        maxConnections: limit().describe(
          'Maximum number of connections to each endpoint, 1 to 1000000. Further requests to it wait for a connection.',
        ),
      })
      .optional()
      .describe('Limits for each endpoint. Default: no limit.'),
  }),
  {
    rule: 'has(self.maxConnections) || has(self.maxPendingRequests) || has(self.maxRequests) || has(self.maxRetries) || has(self.perEndpoint)',
    message: 'Set at least one field of circuitBreaker, or leave circuitBreaker out.',
  },
);
