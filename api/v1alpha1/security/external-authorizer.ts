// A service that a sidecar asks whether a request may pass.
import { z } from 'zod';
import { Duration } from '../../duration.ts';
import { headerName, notReserved, seen } from '../../headers.ts';
import { type CelRule, dnsLabel, listSet, port, shaped, withRules } from '../../schema.ts';
import { Request } from './request.ts';

const AuthorizerService = z.object({
  namespace: shaped(dnsLabel)
    .optional()
    .describe(
      'Namespace of the Service. Another namespace needs a ReferenceGrant there. Default: the namespace of this policy.',
    ),
  name: shaped(dnsLabel).describe('Name of the Service.'),
  port: port().describe('Port of the Service, 1 to 65535. It must serve HTTP or gRPC.'),
});

const pathPrefix = shaped({
  pattern: /^(\/[A-Za-z0-9._~-]+)+$/,
  message: "Write the beginning of a path without '/' at its end, such as /oauth2/auth.",
  max: 256,
});

const sentHeader = withRules(shaped({ ...headerName, max: 64 }), notReserved, seen).describe(
  'Name of a header, case-insensitive.',
);

/** Applications may read a dash as an underscore: names that can be spelled in few ways, and that nobody gives a meaning of its own. */
const upstreamHeader = withRules(
  shaped({
    pattern: /^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+){0,5}$/,
    message: "Write the name of a header in letters, digits and at most 5 '-', such as x-auth-user.",
    max: 64,
  }),
  notReserved,
  {
    rule: "!self.lowerAscii().startsWith('x-envoy-') && !self.lowerAscii().startsWith('x-forwarded-')",
    message: 'Choose another name: headers that begin with x-envoy- or x-forwarded- belong to proxies.',
  },
  {
    rule: "!(self.lowerAscii() in ['host', 'cookie', 'connection', 'content-length', 'content-type', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'])",
    message: 'Choose another name, such as x-auth-user: this header has a meaning of its own in HTTP.',
  },
).describe('Name of a header, case-insensitive.');

const responseHeader = withRules(shaped({ ...headerName, max: 64 }), notReserved, {
  rule: "!(self.lowerAscii() in ['connection', 'content-length', 'content-type', 'content-encoding', 'keep-alive', 'trailer', 'transfer-encoding', 'upgrade'])",
  message: 'Choose another header: this one describes the response of the application.',
}).describe('Name of a header, case-insensitive.');

const ForwardBody = z
  .object({
    maxBytes: z
      .int()
      .min(1)
      .max(1_048_576)
      .describe(
        'Largest body that the authorizer gets, in bytes, 1 to 1048576. Requests with a larger one are refused with 413, unless partial is true.',
      ),
    partial: z
      .boolean()
      .default(false)
      .describe(
        'Whether the authorizer gets the first maxBytes of a larger body. It does not see the rest, which the application gets. Default: false, the request is refused with 413.',
      ),
  })
  .describe(
    'Sends the body of the request. The sidecar holds the request until the body is complete: do not set it for targets that serve streams.',
  );

const httpOnly: readonly CelRule[] = [
  {
    rule: "self.protocol == 'HTTP' || !has(self.pathPrefix)",
    message: 'Remove pathPrefix: an authorizer that speaks GRPC has no paths.',
  },
  {
    rule: "self.protocol == 'HTTP' || self.responseHeaders.size() == 0",
    message:
      'Remove responseHeaders: an authorizer that speaks GRPC says itself which headers responses get.',
  },
];

export const ExternalAuthorizer = withRules(
  z.object({
    service: AuthorizerService.describe(
      'The Service that is asked, through the mesh: with mutual TLS where its endpoints accept it. Its SecurityPolicies must allow the targets of this policy.',
    ),
    protocol: z
      .enum(['HTTP', 'GRPC'])
      .describe(
        'HTTP: the authorizer gets the request without its body, and permits it with status 200; any other answer goes to the caller. GRPC: the authorizer serves envoy.service.auth.v3.Authorization, and gets the SPIFFE ID of the caller as source.principal.',
      ),
    pathPrefix: pathPrefix
      .optional()
      .describe(
        'HTTP: what the authorizer is asked for is this and the path of the request. Default: the path of the request.',
      ),
    timeout: withRules(Duration, {
      rule: "duration(self) >= duration('10ms') && duration(self) <= duration('30s')",
      message: 'Set timeout between 10ms and 30s.',
    })
      .default('200ms')
      .describe(
        'How long the answer may take, 10ms to 30s. Afterwards failureMode says what happens. Default: 200ms.',
      ),
    failureMode: z
      .enum(['Deny', 'Allow'])
      .default('Deny')
      .describe(
        'What happens if the authorizer does not answer in time, cannot be reached, or answers with an error (HTTP: a status of 500 or more). Deny (default): requests are refused with 503. Allow: requests pass. A Service that does not exist, or that the policy may not refer to, always refuses requests.',
      ),
    forwardBody: ForwardBody.optional(),
    allowedHeaders: listSet(z.array(sentHeader).max(32))
      .default([])
      .describe(
        'Headers of the request that the authorizer gets. Default with GRPC: all. Default with HTTP: none besides Host, Authorization and Content-Length, which it always gets with the method and the path. At most 32.',
      ),
    upstreamHeaders: listSet(z.array(upstreamHeader).max(16))
      .default([])
      .describe(
        'Headers of the answer that the application gets. Nobody else can write them: they are removed from requests before the authorizer is asked, also with _ for -. Default: none. At most 16.',
      ),
    responseHeaders: listSet(z.array(responseHeader).max(16))
      .default([])
      .describe(
        'HTTP: headers of the answer that the caller gets if the request is permitted, with the response of the application, such as set-cookie. If it is refused, the caller gets all. Default: none. At most 16.',
      ),
    to: z
      .array(Request)
      .max(8)
      .default([])
      .describe(
        'Requests that the authorizer is asked about, any of which matches, as a Deny rule matches. Default: all. A TCP port has no requests: where the authorizer would be asked, every connection is refused. At most 8.',
      ),
  }),
  ...httpOnly,
).describe(
  'A service that is asked about each request that the rules let in. Requests that it does not permit are refused.',
);
export type ExternalAuthorizer = z.infer<typeof ExternalAuthorizer>;
