// When and how often a failed request is tried again.
import { z } from 'zod';
import { Duration } from '../../duration.ts';
import { listSet, withRules } from '../../schema.ts';

const RetryCondition = z.enum(['ConnectFailure', 'RefusedStream', 'Reset', 'GatewayError', 'ServerError']);

// No defaults here: a field that is not written may come from another policy.
export const Retry = withRules(
  z.object({
    attempts: z
      .int()
      .min(0)
      .max(10)
      .optional()
      .describe('Maximum number of retries, 0 to 10; 0 switches retries off. Default: 2.'),
    perTryTimeout: Duration.optional().describe(
      'How long one try may take, such as 500ms; not more than timeout.request. 0s is no limit of its own. Default: 0s.',
    ),
    // Not `on`: YAML 1.1, which kubectl reads, takes that key for the boolean true.
    retryOn: listSet(z.array(RetryCondition).max(5))
      .optional()
      .describe(
        'What is retried. ConnectFailure: no connection, or one that broke under a GET, HEAD or OPTIONS. RefusedStream: the server refused before it looked at the request. Reset: the connection broke before the answer. GatewayError: 502, 503, 504. ServerError: any 5xx. The last three may repeat a request that had an effect. Default: ConnectFailure and RefusedStream.',
      ),
  }),
  {
    rule: 'has(self.attempts) || has(self.perTryTimeout) || has(self.retryOn)',
    message: 'Give retry at least one field, or leave it out.',
  },
);
