// What is too much for the servers of a Service: at their own sidecars, whoever calls.
import { z } from 'zod';
import { notReserved } from '../../headers.ts';
import { Duration } from '../../duration.ts';
import { dnsLabel, listMap, type Shape, shaped, withRules } from '../../schema.ts';
import { Method } from '../method.ts';
import { pathFields, pathRules } from '../path-match.ts';
import { HeaderMatch } from './match.ts';

const upToAnHour = (field: string): z.ZodString =>
  withRules(Duration, {
    rule: "duration(self) >= duration('1s') && duration(self) <= duration('1h')",
    message: `Set ${field} between 1s and 1h.`,
  });

export const count = (): z.ZodInt => z.int().min(1).max(1_000_000);

const LimitedPath = withRules(
  z.object({
    ...pathFields,
    type: z
      .enum(['Exact', 'PathPrefix'])
      .default('PathPrefix')
      .describe(
        'Exact: the same path. PathPrefix (default): the path and everything below it; /a matches /a and /a/b, but not /ab.',
      ),
  }),
  ...pathRules,
);

export const LimitMatch = withRules(
  z.object({
    path: LimitedPath.optional().describe(
      'Path of the request, in any spelling: /%61dmin is /admin. If applications can interpret a path in more than one way, it matches if any interpretation does. Default: any path.',
    ),
    method: Method.optional().describe('Method of the request, such as GET. Default: any method.'),
    headers: listMap(z.array(HeaderMatch).max(4), 'name')
      .default([])
      .describe('Conditions on headers; all of them must hold. At most 4.'),
  }),
  {
    rule: 'has(self.path) || has(self.method) || self.headers.size() > 0',
    message: 'Set a field of match, or leave match out to limit all requests.',
  },
);

const Rate = z.object({
  requests: count().describe('Number of requests in each period, 1 to 1000000.'),
  per: upToAnHour('per').default('1s').describe('The period, 1s to 1h. Default: 1s.'),
  burst: count()
    .optional()
    .describe(
      'Number of requests that are admitted at once after a quiet time, 1 to 1000000. Default: the same as requests.',
    ),
});

/** It becomes a part of a command: no percent signs. */
export const keyName: Shape = {
  pattern: /^[A-Za-z0-9_-]+$/,
  message: "Write the name of a header in letters, digits, '-' and '_', such as x-user.",
  max: 128,
};

const Limit = withRules(
  z.object({
    name: shaped(dnsLabel).describe(
      'Name of the limit. A limit of the same name in a policy with a more specific target replaces it.',
    ),
    match: LimitMatch.optional().describe(
      'Requests that count. All fields must match. Default: all requests.',
    ),
    per: z
      .enum(['All', 'Caller', 'Header', 'Path'])
      .default('All')
      .describe(
        'Requests that share a rate. All (default): all of them. Caller: those of the same caller, by its certificate; callers without mutual TLS are told apart by their address. Header: those with the same value of a header; those without it share one rate. Path: those with the same path, without the query. Only the first 200 bytes of a value count, and the 1000 values that were used last are known.',
      ),
    header: withRules(shaped(keyName), notReserved)
      .optional()
      .describe('Name of the header, case-insensitive. Required for per: Header.'),
    rate: Rate.describe(
      'How many requests are admitted. Others get 429 with Retry-After, gRPC calls RESOURCE_EXHAUSTED.',
    ),
  }),
  {
    rule: "(self.per == 'Header') == has(self.header)",
    message: 'Set header for per: Header; remove it otherwise.',
  },
).describe('A limit of the rate of requests.');

export const limits = listMap(z.array(Limit).max(8), 'name');

export const AdaptiveConcurrency = withRules(
  z.object({
    maxConcurrency: count()
      .default(1_000)
      .describe(
        'Maximum number of requests in flight, however quick the responses are, 1 to 1000000. Default: 1000.',
      ),
    minConcurrency: count()
      .default(3)
      .describe(
        'Number of requests in flight that are always admitted, 1 to 1000000. It is the limit while the latency of an idle server is measured. Default: 3.',
      ),
    measurementInterval: upToAnHour('measurementInterval')
      .default('1m')
      .describe('Time between two measurements of the latency of an idle server, 1s to 1h. Default: 1m.'),
    tolerancePercentage: z
      .int()
      .min(0)
      .max(100)
      .default(25)
      .describe(
        'How much slower than an idle server responses can be before fewer requests are admitted, in percent, 0 to 100. Default: 25.',
      ),
  }),
  {
    rule: 'self.minConcurrency <= self.maxConcurrency',
    message: 'Set maxConcurrency to at least minConcurrency.',
  },
);

export const AdmissionControl = z.object({
  minSuccessPercentage: z
    .int()
    .min(1)
    .max(100)
    .default(95)
    .describe(
      'Percentage of successful responses below which requests are refused, 1 to 100. A response below 500 is successful; of gRPC, one with a status that does not tell of overload or failure of the server. Default: 95.',
    ),
  window: withRules(Duration, {
    rule: "duration(self) >= duration('1s') && duration(self) <= duration('10m')",
    message: 'Set window between 1s and 10m.',
  })
    .default('30s')
    .describe('Time over which responses are counted, 1s to 10m, rounded up to whole seconds. Default: 30s.'),
  minRequestsPerSecond: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(5)
    .describe(
      'Average number of requests per second in the window below which none is refused, 0 to 1000000. Default: 5.',
    ),
  maxRejectionPercentage: z
    .int()
    .min(1)
    .max(99)
    .default(80)
    .describe(
      'Maximum percentage of the requests that are refused, 1 to 99. The others show whether the server has recovered. Default: 80.',
    ),
});
