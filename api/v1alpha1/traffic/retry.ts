// When and how often a failed request is tried again.
import { z } from 'zod';
import { Duration } from '../../duration.ts';
import { listSet } from '../../schema.ts';

const RetryCondition = z.enum(['ConnectFailure', 'RefusedStream', 'Reset', 'GatewayError', 'ServerError']);

export const Retry = z.object({
  attempts: z
    .int()
    .min(0)
    .max(10)
    .describe('How many more times a failed request is tried, 0 to 10; 0 switches retries off.'),
  perTryTimeout: Duration.optional().describe(
    'How long one try may take, such as 500ms; not more than timeout. Default: until timeout.',
  ),
  // Not `on`: YAML 1.1, which kubectl reads, takes that key for the boolean true.
  retryOn: listSet(z.array(RetryCondition).max(5))
    .default(['ConnectFailure', 'RefusedStream'])
    .describe(
      'What is tried again. ConnectFailure: no connection, or one that broke under a GET, HEAD or OPTIONS. RefusedStream: the server refused before it looked at the request. Reset: the connection broke before the answer. GatewayError: 502, 503, 504. ServerError: any 5xx. The last three may repeat a request that had an effect. Default: ConnectFailure and RefusedStream.',
    ),
});
