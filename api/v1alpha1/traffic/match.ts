// Which requests a route is for.
import { z } from 'zod';
import { type CelRule, listMap, listSet, re2Rule, type Shape, shaped, withRules } from '../../schema.ts';
import { headerName, notReserved, possibleValue, seen } from '../../headers.ts';
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
    name: withRules(shaped(headerName), notReserved, seen).describe('Name of the header, case-insensitive.'),
    value: value.describe('Value that the header must have. At most 1024 characters.'),
    not: z
      .boolean()
      .default(false)
      .describe(
        'Selects the requests that do not match instead. A header that is missing counts as an empty value. Default: false.',
      ),
  }),
  ...valueRules,
  possibleValue,
).describe('A condition on a header of the request.');

/** Of a caller: its own sidecar looks. */
export const RouteHeaderMatch = withRules(HeaderMatch, {
  rule: "self.name.lowerAscii() != 'x-forwarded-client-cert'",
  message: 'Use from to match callers: sidecars remove x-forwarded-client-cert before they choose a route.',
});

const QueryParameterMatch = withRules(
  z.object({
    type,
    name: shaped({
      pattern: /^[!"$%\x27-<>-~]+$/,
      message:
        "Write the name as it is sent: printable ASCII characters; spaces, '#', '&', '=' and others percent-encoded.",
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
    rule: "self.type != 'Exact' || !has(self.value) || !self.value.matches('[^!-~]|[#&]')",
    message:
      "Write value as it is sent: spaces, '#', '&' and characters outside of ASCII percent-encoded, such as %20.",
  },
  {
    rule: "self.type != 'RegularExpression' || !has(self.value) || !self.value.matches('[^!-~]')",
    message:
      'In an expression, write spaces and characters outside of ASCII as they are in requests: %20 for a space, %C3%A9 for é.',
  },
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
    headers: listMap(z.array(RouteHeaderMatch).max(16), 'name')
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
