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
      'Timeout of each try, such as 500ms; at most timeout.request. 0s disables it. Default: 0s.',
    ),
    // Not `on`: YAML 1.1, which kubectl reads, takes that key for the boolean true.
    retryOn: listSet(z.array(RetryCondition).max(5))
      .optional()
      .describe(
        'Failures to retry. ConnectFailure: the connection failed, or broke during a GET, HEAD or OPTIONS. RefusedStream: the server refused the request before processing it. Reset: the connection broke before the response. GatewayError: 502, 503 or 504. ServerError: any 5xx. The last three can repeat a request that already had an effect. Responses of fault.abort are not retried, nor are requests of which more than 4 MiB had been sent before the failure. Default: ConnectFailure and RefusedStream.',
      ),
  }),
  {
    rule: 'has(self.attempts) || has(self.perTryTimeout) || has(self.retryOn)',
    message: 'Set at least one field of retry, or leave retry out.',
  },
);
