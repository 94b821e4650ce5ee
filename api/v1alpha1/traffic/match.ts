// Which requests a route is for.
import { z } from 'zod';
import { type CelRule, listMap, listSet, re2Rule, type Shape, shaped, withRules } from '../../schema.ts';
import { headerName, notReserved } from '../../headers.ts';
import { callerFields, namesSomebody } from '../callers.ts';
import { Method } from '../method.ts';
import { PathMatch } from '../path-match.ts';

const type = z
  .enum(['Exact', 'RegularExpression', 'Present'])
  .default('Exact')
  .describe(
    'Exact (default): the same value. RegularExpression: an RE2 expression for the whole value, with at most 2,048 instructions; all expressions of an object together have at most 8,192. Present: any value.',
  );

const value = z.string().max(1024).optional();

/** For an object with type and value. */
const valueRules: readonly CelRule[] = [
  {
    rule: "self.type == 'Present' ? !has(self.value) : has(self.value)",
    message: 'Set value for Exact and RegularExpression, and leave it out for Present.',
  },
  {
    rule: "self.type != 'RegularExpression' || !has(self.value) || self.value != ''",
    message: 'Set type to Present for any value, or write an expression.',
  },
  re2Rule,
];

export const HeaderMatch = withRules(
  z.object({
    type,
    name: withRules(shaped(headerName), notReserved).describe('Name of the header, case-insensitive.'),
    value: value.describe('Value that the header must have. At most 1024 characters.'),
    not: z
      .boolean()
      .default(false)
      .describe(
        'Selects the requests that do not match instead. A header that is missing counts as an empty value. Default: false.',
      ),
  }),
  ...valueRules,
).describe('A condition on a header of the request.');

const QueryParameterMatch = withRules(
  z.object({
    type,
    name: shaped({
      pattern: /^[!-~]+$/,
      message:
        'Write the name as it is sent: printable ASCII characters without spaces, others percent-encoded.',
      max: 256,
    }).describe('Name of the parameter as it is sent, case-sensitive.'),
    value: value.describe(
      'Value that the parameter must have, as it is sent: percent-encoded where required. At most 1024 characters.',
    ),
    not: z
      .boolean()
      .default(false)
      .describe('Selects the requests without the parameter. Only with type Present. Default: false.'),
  }),
  ...valueRules,
  {
    rule: "!self.not || self.type == 'Present'",
    message: 'Use not only with type Present. To exclude a value, put a route that matches it first.',
  },
).describe('A condition on a parameter in the query. If it is sent several times, the first one counts.');

export const hostname: Shape = {
  pattern: /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  message: "Write a host name in lower case without a port, such as reviews.example.com or '*.example.com'.",
  max: 253,
};

const GrpcMatch = z.object({
  service: shaped({
    pattern: /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/,
    message: 'Write the full name of the service with its package, such as shop.v1.Reviews.',
    max: 253,
  }).describe('Full name of the gRPC service, such as shop.v1.Reviews. Case-sensitive.'),
  method: shaped({
    pattern: /^[A-Za-z_]\w*$/,
    message: 'Write the name of the method, such as GetReview.',
    max: 253,
  })
    .optional()
    .describe('Name of the method, such as GetReview. Case-sensitive. Default: all methods.'),
});

const Callers = withRules(z.object(callerFields), {
  rule: namesSomebody,
  message: 'Name a service account or a namespace, or leave from out.',
}).describe('Callers by the identity of their sidecar. A caller matches if it is in either list.');

export const RouteMatch = withRules(
  z.object({
    path: PathMatch.optional().describe(
      'Path of the request, as the client sends it, percent-encoded where required. Requests in another spelling, such as /%61 or //a for /a, do not match. Default: any path.',
    ),
    method: Method.optional().describe(
      'Method of the request, such as GET, PROPFIND or LIST. Case-sensitive. Default: any method.',
    ),
    headers: listMap(z.array(HeaderMatch).max(16), 'name')
      .default([])
      .describe('Conditions on headers; all of them must hold. At most 16.'),
    queryParameters: listMap(z.array(QueryParameterMatch).max(16), 'name')
      .default([])
      .describe('Conditions on parameters of the query; all of them must hold. At most 16.'),
    hostnames: listSet(
      z.array(shaped(hostname).describe('Host name, or *. and a domain for all names below it.')).max(8),
    )
      .default([])
      .describe(
        'Host that the caller asks for, in any case and with any port: one of these names. At most 8. They count towards the limit of 8,192 instructions for all expressions of an object. Default: any host.',
      ),
    from: Callers.optional().describe('Callers of the request. Default: all callers.'),
    grpc: GrpcMatch.optional().describe('Calls of this gRPC service. Default: all requests.'),
  }),
  {
    rule: '!has(self.grpc) || !(has(self.path) || has(self.method))',
    message:
      'Remove path and method, or remove grpc: a gRPC call is a POST, and its path is the service and the method.',
  },
).describe('A match requires all of its fields.');
