// What callers may use up of a Service in a period: counted over all of its servers, by the operator.
import { z } from 'zod';
import { notReserved } from '../../headers.ts';
import { Duration } from '../../duration.ts';
import { dnsLabel, listMap, shaped, withRules } from '../../schema.ts';
import { count, keyName, LimitMatch } from './limits.ts';

const mostCost = 10;

const Cost = withRules(
  z.object({
    header: withRules(shaped(keyName), notReserved).describe(
      'Name of the header that says the cost, case-insensitive. Whoever sets it decides what a request costs: name one that callers cannot set, such as one of claimsToHeaders.',
    ),
    default: z
      .int()
      .min(1)
      .max(mostCost)
      .default(1)
      .describe('Cost of a request without the header. Default: 1.'),
    maximum: z
      .int()
      .min(2)
      .max(mostCost)
      .default(mostCost)
      .describe(
        'Highest cost, 2 to 10. What the header says counts as it is if it is a whole number from 1 to maximum; everything else, such as 0, -1 or 1e3, counts as maximum. Each unit is one more filter in sidecars of servers: set no more than you need. Default: 10.',
      ),
  }),
  { rule: 'self.default <= self.maximum', message: 'Set default to no more than maximum.' },
);

const Quota = withRules(
  z.object({
    name: shaped(dnsLabel).describe(
      'Name of the quota. A quota of the same name in a policy with a more specific target replaces it.',
    ),
    match: LimitMatch.optional().describe(
      'Requests that count. All fields must match. Default: all requests.',
    ),
    per: z
      .enum(['All', 'Caller', 'Header', 'Path'])
      .default('All')
      .describe(
        'Requests that share a quota. All (default): all of them. Caller: those of the same caller, by its certificate; callers without mutual TLS are told apart by their address. Header: those with the same value of a header; those without it share one quota. Path: those with the same path, without the query. Only the first 200 bytes of a value count.',
      ),
    header: withRules(shaped(keyName), notReserved)
      .optional()
      .describe('Name of the header, case-insensitive. Required for per: Header.'),
    requests: count().describe(
      'Number of requests, or with cost of units, that are admitted in each period at all servers of the Service together, 1 to 1000000. Others get 429 with Retry-After, gRPC calls RESOURCE_EXHAUSTED.',
    ),
    period: withRules(Duration, {
      rule: "duration(self) >= duration('1s') && duration(self) <= duration('24h')",
      message: 'Set period between 1s and 24h.',
    }).describe('The period, 1s to 24h, in whole seconds.'),
    cost: Cost.optional().describe(
      'How many units of the quota each request takes, as a header says. A request for which too little is left is refused, and takes what is left. Default: each takes 1.',
    ),
    window: z
      .enum(['Fixed', 'Sliding'])
      .default('Fixed')
      .describe(
        'Fixed (default): a period ends for everybody at the same time, at a multiple of period since 1970, and all requests are admitted anew. Sliding: what was admitted in the last period counts.',
      ),
    burst: count()
      .optional()
      .describe(
        'Number of requests that are admitted at once after a quiet time, 1 to 1000000; then they come back evenly over the period. Only for window: Sliding. Default: all requests of the period may come at once.',
      ),
    enforcement: z
      .enum(['Enforce', 'Audit'])
      .default('Enforce')
      .describe(
        'Enforce (default): requests beyond the quota are refused. Audit: they are admitted, and those beyond the quota are counted as over in the metric meshwright_quota_requests_total of the operator.',
      ),
    whenUnavailable: z
      .enum(['Share', 'Allow', 'Deny'])
      .default('Share')
      .describe(
        'What a server does when it has not heard from the operator for 20 seconds. Share (default): it admits an even share of the quota. Allow: it admits all requests. Deny: it refuses all requests, and always those that come before it has heard of a caller for the first time.',
      ),
  }),
  {
    rule: "!has(self.burst) || self.window == 'Sliding'",
    message: 'Set window to Sliding for a burst: with Fixed, all requests of a period may come at once.',
  },
  {
    rule: "(self.per == 'Header') == has(self.header)",
    message: 'Set header for per: Header; remove it otherwise.',
  },
).describe('What is admitted in a period at all servers of a Service together.');

export const quotas = listMap(z.array(Quota).max(8), 'name');
