// When and how often a failed request is tried again.
import { z } from 'zod';
import { Duration } from '../../duration.ts';
import { type CelRule, listSet, withRules } from '../../schema.ts';

/** Those that Envoy retries. @see https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-grpc-on */
const grpcCodes = ['Cancelled', 'DeadlineExceeded', 'Internal', 'ResourceExhausted', 'Unavailable'] as const;

const RetryCondition = z.enum(['ConnectFailure', 'RefusedStream', 'Reset', 'GatewayError', 'ServerError']);

const backoffBounds = "duration(self) >= duration('1ms') && duration(self) <= duration('1h')";

const Backoff = withRules(
  z.object({
    base: withRules(Duration, { rule: backoffBounds, message: 'Set base between 1ms and 1h.' }).describe(
      'Longest pause before the first retry, such as 25ms, 1ms to 1h. It doubles with each retry; the pause is a random part of it.',
    ),
    max: withRules(Duration, { rule: backoffBounds, message: 'Set max between 1ms and 1h.' })
      .optional()
      .describe('Longest pause before any retry, such as 250ms, 1ms to 1h. Default: ten times base.'),
    honorRetryAfter: z
      .boolean()
      .default(false)
      .describe(
        'true: if the response has the header Retry-After with a number of seconds up to 60, the retry waits at least that long, and up to half as long again. Default: false.',
      ),
  }),
  {
    rule: '!has(self.max) || duration(self.max) >= duration(self.base)',
    message: 'Set max to at least base.',
  },
);

const Budget = z.object({
  percentage: z
    .int()
    .min(0)
    .max(100)
    .default(20)
    .describe(
      'Maximum number of retries in flight, in percent of the requests in flight, 0 to 100; 100 means no limit. Default: 20.',
    ),
  minConcurrency: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(10)
    .describe(
      'Number of retries that may always be in flight, however few requests there are, 0 to 1000000. Default: 10.',
    ),
});

// No defaults here: a field that is not written may come from another policy.
const fields = z.object({
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
  statusCodes: listSet(z.array(z.int().min(400).max(599)).max(16))
    .optional()
    .describe(
      'HTTP statuses to retry besides retryOn, 400 to 599. Can repeat a request that already had an effect. At most 16. Default: none.',
    ),
  grpcCodes: listSet(z.array(z.enum(grpcCodes)).max(5))
    .optional()
    .describe(
      'gRPC statuses to retry besides retryOn, if the response has no message. Can repeat a call that already had an effect. Default: none.',
    ),
  hedge: z
    .boolean()
    .optional()
    .describe(
      'true: after perTryTimeout a further try is sent, if attempts and the budget allow it, while the earlier tries go on; the first response counts. Every try can have an effect, so set it only for requests that are safe to repeat. Only requests that are sent completely, of at most 4 MiB. Default: false.',
    ),
  backoff: Backoff.optional().describe(
    'Pauses before retries. Its fields count as one. Default: up to 5ms before the first retry and up to 50ms before later ones.',
  ),
});

const hedgeRules: readonly CelRule[] = [
  {
    rule: "!has(self.hedge) || !self.hedge || (has(self.perTryTimeout) && duration(self.perTryTimeout) > duration('0s'))",
    message: 'Set perTryTimeout above 0s: hedge sends the next try after it.',
  },
  {
    rule: '!has(self.hedge) || !self.hedge || !has(self.attempts) || self.attempts > 0',
    message: 'Set attempts to at least 1: hedge sends further tries.',
  },
];

const anyField =
  'has(self.attempts) || has(self.perTryTimeout) || has(self.retryOn) || has(self.statusCodes) || has(self.grpcCodes) || has(self.backoff) || has(self.hedge)';
const message = 'Set at least one field of retry, or leave retry out.';

/** Of a route. */
export const RouteRetry = withRules(fields, { rule: anyField, message }, ...hedgeRules);

/** Of all routes to an endpoint. */
export const Retry = withRules(
  fields.extend({
    budget: Budget.optional().describe(
      'Maximum number of retries in flight to all endpoints together, in relation to the requests in flight, so that retries do not multiply the load on a Service that fails. Each sidecar counts for itself, and each subset by itself. Only one of it and circuitBreaker.maxRetries is in effect: that of the more specific policy. Its fields count as one. Default: 20 percent, at least 10, if any route retries on more than ConnectFailure and RefusedStream, or hedges; else no limit, because the application has not seen what is retried.',
    ),
  }),
  { rule: `${anyField} || has(self.budget)`, message },
  ...hedgeRules,
);

/** For an object with retry and circuitBreaker. */
export const oneRetryLimit: CelRule = {
  rule: '!has(self.retry) || !has(self.retry.budget) || !has(self.circuitBreaker) || !has(self.circuitBreaker.maxRetries)',
  message: 'Keep only one of retry.budget and circuitBreaker.maxRetries: both limit the retries in flight.',
};
