// How a caller's sidecar chooses the endpoint of a request or connection.
import { z } from 'zod';
import { Duration } from '../../duration.ts';
import { headerName, reservedHeaderPrefix } from '../../headers.ts';
import { celRaw, shaped, withRules } from '../../schema.ts';

const named = ['Header', 'Cookie', 'QueryParameter'] as const;

const HashOn = withRules(
  z.object({
    type: z
      .enum([...named, 'SourceAddress'])
      .describe(
        'Header: the value of a request header. Cookie: the value of a cookie; a caller without it receives one. QueryParameter: the value of a query parameter. SourceAddress: the last address in the header X-Forwarded-For, or the address of the caller if there is none.',
      ),
    name: z
      .string()
      .min(1)
      .max(headerName.max)
      .optional()
      .describe('Name of the header, cookie or query parameter. Required unless type is SourceAddress.'),
    ttl: Duration.optional().describe(
      'Lifetime of the cookie that a caller without one receives, such as 1h. 0s means until the browser is closed. Only for type Cookie. Default: 0s.',
    ),
  }),
  {
    rule: "(self.type == 'SourceAddress') != has(self.name)",
    message: 'Set name for Header, Cookie and QueryParameter; remove it for SourceAddress.',
  },
  {
    rule: `!has(self.name) || self.type == 'QueryParameter' || self.name.matches(${celRaw(headerName.pattern)})`,
    message: "Write a header or cookie name of letters, digits and '-', such as x-user.",
  },
  {
    rule: `!has(self.name) || self.type != 'Header' || !self.name.lowerAscii().startsWith('${reservedHeaderPrefix}')`,
    message: `Choose another header: headers that begin with ${reservedHeaderPrefix} are reserved.`,
  },
  {
    rule: "!has(self.ttl) || self.type == 'Cookie'",
    message: 'Remove ttl: only a cookie has one.',
  },
).describe('What to hash.');

const hashOn = withRules(z.array(HashOn).max(4), {
  rule: "self.all(h, (h.type != 'Cookie' && h.type != 'SourceAddress') || h == self[self.size() - 1])",
  message: 'Put Cookie or SourceAddress last: every request has one, so that later entries have no effect.',
});

const StickySession = z.object({
  cookie: shaped({
    pattern: /^[A-Za-z0-9][-A-Za-z0-9_]*$/,
    message: "Use letters, digits, '-' and '_' for the name of the cookie.",
    max: 64,
  }).describe('Name of the cookie. It contains the address of the endpoint.'),
  ttl: Duration.default('0s').describe(
    'Lifetime of the cookie, such as 1h. 0s means until the browser is closed. Default: 0s.',
  ),
});

const SlowStart = z.object({
  window: withRules(Duration, {
    rule: "duration(self) >= duration('1s') && duration(self) <= duration('1h')",
    message: 'Set window between 1s and 1h.',
  }).describe('Time in which the share of a new endpoint grows to that of the others, 1s to 1h.'),
  minWeightPercentage: z
    .int()
    .min(1)
    .max(100)
    .default(10)
    .describe(
      'Share of a new endpoint at first, in percent of the share of another endpoint, 1 to 100. Default: 10.',
    ),
});

export const LoadBalancer = withRules(
  z.object({
    type: z
      .enum(['LeastRequest', 'RoundRobin', 'Random', 'RingHash', 'Maglev'])
      .describe(
        'LeastRequest: of two random endpoints, the one with fewer requests in flight. RoundRobin: each endpoint in turn. Random: a random endpoint. RingHash and Maglev: the same endpoint for the same hash; when endpoints come or go, few hashes move to another endpoint. Maglev is faster, and with RingHash fewer hashes move.',
      ),
    hashOn: hashOn
      .default([])
      .describe(
        'What RingHash and Maglev hash: the first entry that the request has. A request that has none of them goes to a random endpoint. Connections to TCP ports have only SourceAddress. At most 4.',
      ),
    stickySession: StickySession.optional().describe(
      'Keeps sessions at the endpoint that answered their first request, also when others come or go: callers receive a cookie that names it. If the endpoint is gone or ejected, type chooses another, and the cookie names that one. Only for HTTP; not for RingHash and Maglev. Default: off.',
    ),
    slowStart: SlowStart.optional().describe(
      'Gives new endpoints a growing share of the requests. Only for LeastRequest and RoundRobin. Default: the same share at once.',
    ),
  }),
  {
    rule: "(self.type == 'RingHash' || self.type == 'Maglev') == (self.hashOn.size() > 0)",
    message: 'Set hashOn for RingHash and Maglev; remove it for the other types.',
  },
  {
    rule: '!has(self.stickySession) || self.hashOn.size() == 0',
    message: 'Remove stickySession or hashOn: a request cannot follow both.',
  },
  {
    rule: "!has(self.slowStart) || self.type == 'LeastRequest' || self.type == 'RoundRobin'",
    message: 'Remove slowStart, or use type LeastRequest or RoundRobin.',
  },
);
