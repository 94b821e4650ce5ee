// Cases of TrafficPolicy: what is retried besides failures of the connection, and when.
import { type ApiCase, casesOf } from './api-case.ts';

const { valid, refused } = casesOf('TrafficPolicy');
const targetRefs = [{ kind: 'Service', name: 'reviews' }];
const retrying = (retry: object): object => ({ targetRefs, retry });
const backoff = (base: string, max?: string): object => retrying({ backoff: { base, ...(max && { max }) } });
const statuses = (count: number): number[] => Array.from({ length: count }, (_, index) => 400 + index);
const field = 'spec.retry';

export const trafficRetryCases: readonly ApiCase[] = [
  valid('statuses and gRPC statuses', retrying({ statusCodes: [409, 503], grpcCodes: ['Unavailable'] })),
  valid('16 statuses', retrying({ statusCodes: statuses(16) })),
  refused('17 statuses', retrying({ statusCodes: statuses(17) }), { field: `${field}.statusCodes` }),
  ...[200, 399, 600].map((status) =>
    refused(`status ${status}`, retrying({ statusCodes: [status] }), { field: `${field}.statusCodes[0]` }),
  ),
  refused('a status twice', retrying({ statusCodes: [503, 503] }), { field: `${field}.statusCodes[1]` }),
  ...['OK', 'NotFound', 'UNAVAILABLE'].map((code) =>
    refused(`the gRPC status ${code}`, retrying({ grpcCodes: [code] }), { field: `${field}.grpcCodes[0]` }),
  ),
  valid('a backoff', backoff('25ms', '250ms')),
  valid('a backoff without a maximum', backoff('1s')),
  valid('a constant backoff', backoff('1000ms', '1s')),
  valid('Retry-After', retrying({ backoff: { base: '25ms', honorRetryAfter: true } })),
  refused('an empty backoff', retrying({ backoff: {} }), { field: `${field}.backoff.base` }),
  refused('a maximum below the base', backoff('26ms', '25ms'), {
    field: `${field}.backoff`,
    message: 'Set max to at least base.',
  }),
  ...['0s', '61m'].map((base) =>
    refused(`a backoff of ${base}`, backoff(base), {
      field: `${field}.backoff.base`,
      message: 'Set base between 1ms and 1h.',
    }),
  ),
  valid('hedging', retrying({ hedge: true, perTryTimeout: '100ms', attempts: 1 })),
  valid('no hedging', retrying({ hedge: false })),
  ...[{}, { perTryTimeout: '0s' }].map((more) =>
    refused(`hedging after no time ${JSON.stringify(more)}`, retrying({ hedge: true, ...more }), {
      field,
      message: 'Set perTryTimeout above 0s: hedge sends the next try after it.',
    }),
  ),
  refused('hedging without tries', retrying({ hedge: true, perTryTimeout: '1s', attempts: 0 }), {
    field,
    message: 'Set attempts to at least 1: hedge sends further tries.',
  }),
  refused(
    'hedging of a route after no time',
    { targetRefs, routes: [{ retry: { hedge: true } }] },
    { field: 'spec.routes[0].retry', message: 'Set perTryTimeout above 0s' },
  ),
  valid('a budget', retrying({ budget: { percentage: 0, minConcurrency: 1 } })),
  valid('the usual budget', retrying({ budget: {} })),
  valid('no budget', retrying({ budget: { percentage: 100 } })),
  refused('more than all', retrying({ budget: { percentage: 101 } }), {
    field: `${field}.budget.percentage`,
  }),
  refused('a negative budget', retrying({ budget: { minConcurrency: -1 } }), {
    field: `${field}.budget.minConcurrency`,
  }),
  refused(
    'two limits of retries',
    { ...retrying({ budget: {} }), circuitBreaker: { maxRetries: 1 } },
    {
      field: 'spec',
      message: 'Keep only one of retry.budget and circuitBreaker.maxRetries',
    },
  ),
  refused('nothing', retrying({}), { field, message: 'Set at least one field of retry' }),
  refused('a maximum of hours', backoff('1s', '2h'), {
    field: `${field}.backoff.max`,
    message: 'Set max between 1ms and 1h.',
  }),
];
