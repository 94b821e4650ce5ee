// TrafficPolicy: how calls to a Service are routed, and what happens when they fail.
import { z } from 'zod';
import { Duration } from '../duration.ts';
import { dnsLabel, listMap, listSet, matchLabels, port, re2Rule, shaped, withRules } from '../schema.ts';
import type { ApiObject, PolicyStatus } from './common.ts';

const percentage = z
  .int()
  .min(0)
  .max(100)
  .default(100)
  .describe('Share of the requests this happens to, in percent, 0 to 100. Default 100.');

const TrafficTargetRef = z
  .object({
    kind: z.enum(['Service']).describe('Service.'),
    name: shaped(dnsLabel).describe('Name of a Service in the namespace of this policy.'),
    port: port().optional().describe('A port of the Service, 1 to 65535. Default: all its ports.'),
  })
  .describe('What the policy is about.');

const Subset = z
  .object({
    name: shaped(dnsLabel).describe('What backends call it.'),
    matchLabels: matchLabels().describe('Labels its pods (or external workloads) have. At most 16.'),
  })
  .describe('Some of the endpoints of the target.');

const PathMatch = withRules(
  z.object({
    type: z
      .enum(['Exact', 'PathPrefix', 'RegularExpression'])
      .default('PathPrefix')
      .describe(
        'Exact: the same path. PathPrefix (default): the path or anything below it; /a holds for /a and /a/b, not for /ab. RegularExpression: an RE2 expression that matches the whole path.',
      ),
    value: z.string().min(1).max(1024).describe('The path without the query. At most 1024 characters.'),
  }),
  {
    rule: "self.type == 'RegularExpression' || self.value.startsWith('/')",
    message: "Start value with '/', or set type to RegularExpression.",
  },
  {
    rule: "self.type == 'RegularExpression' || !(self.value.contains('?') || self.value.contains('#'))",
    message: "Leave the query ('?') and the fragment ('#') out of value; only the path is compared.",
  },
  re2Rule,
);

const HeaderMatch = withRules(
  z.object({
    type: z
      .enum(['Exact', 'RegularExpression'])
      .default('Exact')
      .describe(
        'Exact (default): the same value. RegularExpression: an RE2 expression that matches the whole value.',
      ),
    name: shaped({
      pattern: /^[A-Za-z0-9!#$%&*+.^_`|~-]+$/,
      message:
        'Write the name of an HTTP header, such as x-group; pseudo-headers such as :path have fields of their own.',
      max: 256,
    }).describe('Name of the header; upper and lower case are the same.'),
    value: z.string().max(1024).describe('What the header must be. At most 1024 characters.'),
  }),
  {
    rule: "self.type != 'RegularExpression' || self.value != ''",
    message: "Give value an expression, such as '.*' for any value.",
  },
  re2Rule,
).describe('A header the request must have.');

const RouteMatch = z
  .object({
    path: PathMatch.optional().describe('The path of the request. Default: any.'),
    method: z
      .enum(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'])
      .optional()
      .describe('The method of the request. Default: any.'),
    headers: listMap(z.array(HeaderMatch).max(16), 'name')
      .default([])
      .describe('Headers the request must have, all of them. At most 16.'),
  })
  .describe('Everything named here must hold.');

export const RetryCondition = z.enum([
  'ConnectFailure',
  'RefusedStream',
  'Reset',
  'GatewayError',
  'ServerError',
]);
export type RetryCondition = z.infer<typeof RetryCondition>;

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

const Delay = z.object({
  duration: withRules(Duration, {
    rule: "duration(self) > duration('0s')",
    message: 'Set duration above 0s, or remove delay.',
  }).describe('How long the request waits before it is forwarded, such as 2s.'),
  percentage,
});

const Abort = z.object({
  status: z.int().min(200).max(599).describe('The HTTP status of the answer, 200 to 599.'),
  percentage,
});

const Fault = withRules(
  z.object({
    delay: Delay.optional().describe('Makes requests slow.'),
    abort: Abort.optional().describe('Answers requests without calling the service.'),
  }),
  { rule: 'has(self.delay) || has(self.abort)', message: 'Give the fault a delay, an abort, or both.' },
);

const Backend = z
  .object({
    subset: shaped(dnsLabel)
      .optional()
      .describe('Name of a subset declared in spec.subsets. Default: all endpoints of the target.'),
    weight: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(1)
      .describe('Its share of the requests, relative to the other weights, 0 to 1000000. Default 1.'),
  })
  .describe('Where a share of the requests goes.');

const backends = withRules(z.array(Backend).max(8), {
  rule: 'self.size() == 0 || self.exists(b, b.weight > 0)',
  message: 'Give at least one backend a weight above 0.',
});

export const Route = withRules(
  z.object({
    name: shaped(dnsLabel)
      .optional()
      .describe('What logs and messages call the route; unique in the policy.'),
    matches: z
      .array(RouteMatch)
      .max(8)
      .default([])
      .describe('The requests it is for: any of these. Default: all requests. At most 8.'),
    backends: backends
      .default([])
      .describe('Where the requests go. Default: all endpoints of the target. At most 8.'),
    timeout: Duration.optional().describe(
      'How long the whole request may take, retries included, such as 3s; 0s is no limit. Default: no limit.',
    ),
    retry: Retry.optional().describe(
      'When and how often a failed request is tried again. Default: 2 more times on ConnectFailure and RefusedStream, which repeat nothing that had an effect.',
    ),
    fault: Fault.optional().describe('Failures made on purpose, to see what callers do.'),
  }),
  {
    rule: "!has(self.timeout) || !has(self.retry) || !has(self.retry.perTryTimeout) || duration(self.timeout) == duration('0s') || duration(self.timeout) >= duration(self.retry.perTryTimeout)",
    message: 'Set timeout to at least retry.perTryTimeout: it covers all tries together.',
  },
).describe('The first route that matches a request decides.');

const routes = withRules(z.array(Route).max(16), {
  rule: 'self.all(r, !has(r.name) || self.exists_one(o, has(o.name) && o.name == r.name))',
  message: 'Give each route a name of its own.',
});

const targetRefs = withRules(z.array(TrafficTargetRef).min(1).max(8), {
  rule: 'self.all(t, self.exists_one(o, o.kind == t.kind && o.name == t.name && (has(o.port) ? o.port : 0) == (has(t.port) ? t.port : 0)))',
  message: 'Name each target once.',
});

export const TrafficPolicySpec = withRules(
  z.object({
    targetRefs: targetRefs.describe('The Services whose callers obey this policy, 1 to 8.'),
    subsets: listMap(z.array(Subset).max(16), 'name')
      .default([])
      .describe('Named parts of the endpoints, for backends to point at. At most 16.'),
    routes: routes
      .default([])
      .describe(
        'Looked at in order; a request that no route matches goes to the target as without a policy. At most 16.',
      ),
  }),
  {
    rule: 'self.routes.all(r, r.backends.all(b, !has(b.subset) || self.subsets.exists(s, s.name == b.subset)))',
    message: 'Declare every subset that a backend names in spec.subsets, or correct the name.',
  },
).describe('How calls to the targets are routed.');
export type TrafficPolicySpec = z.infer<typeof TrafficPolicySpec>;

export type TrafficPolicy = ApiObject<'TrafficPolicy', TrafficPolicySpec, PolicyStatus>;
