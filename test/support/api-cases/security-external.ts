// Cases of external authorizers in a SecurityPolicy.
import { type ApiCase, casesOf } from './api-case.ts';

const { valid, refused } = casesOf('SecurityPolicy');
const targetRefs = [{ kind: 'Deployment', name: 'reviews' }];
const service = { name: 'opa', port: 9191 };
const grpc = { service, protocol: 'GRPC' };
const http = { service, protocol: 'HTTP' };
const asking = (external: object, authorization: object = {}): object => ({
  targetRefs,
  authorization: { ...authorization, external },
});
const external = 'spec.authorization.external';
const reserved = 'Choose another name: headers that begin with x-meshwright- are reserved.';

export const securityExternalCases: readonly ApiCase[] = [
  valid('an authorizer alone', asking(grpc)),
  valid('everything there is to say of an authorizer', {
    targetRefs,
    authorization: {
      rules: [{ name: 'no-deletes', action: 'Deny', to: [{ methods: ['DELETE'] }] }],
      external: {
        ...http,
        service: { ...service, namespace: 'policies' },
        pathPrefix: '/oauth2/auth',
        timeout: '1s500ms',
        failureMode: 'Allow',
        forwardBody: { maxBytes: 1_048_576, partial: true },
        allowedHeaders: ['Cookie', 'x-request-id'],
        upstreamHeaders: ['Authorization', 'x-auth-request-user'],
        responseHeaders: ['Set-Cookie'],
        to: [{ methods: ['POST'], paths: [{ value: '/admin', ignoreCase: true }] }],
      },
    },
  }),
  refused('an authorizer on trial', asking(grpc, { enforcement: 'Audit' }), {
    field: 'spec.authorization',
    message:
      'Remove external, or set enforcement to Enforce: an external authorizer cannot be on trial. Put it into a policy of its own.',
  }),
  refused('an authorizer without a protocol', asking({ service }), { field: `${external}.protocol` }),
  refused('another protocol', asking({ service, protocol: 'HTTPS' }), { field: `${external}.protocol` }),
  refused('a Service without a port', asking({ ...grpc, service: { name: 'opa' } }), {
    field: `${external}.service.port`,
  }),
  refused('a path for gRPC', asking({ ...grpc, pathPrefix: '/auth' }), {
    field: external,
    message: 'Remove pathPrefix: an authorizer that speaks GRPC has no paths.',
  }),
  refused('headers of responses for gRPC', asking({ ...grpc, responseHeaders: ['set-cookie'] }), {
    field: external,
    message:
      'Remove responseHeaders: an authorizer that speaks GRPC says itself which headers responses get.',
  }),
  ...['/', 'auth', '/auth/', '/a?b', '/a//b', ''].map((pathPrefix) =>
    refused(`the path ${pathPrefix}`, asking({ ...http, pathPrefix }), {
      field: `${external}.pathPrefix`,
      message: "Write the beginning of a path without '/' at its end, such as /oauth2/auth.",
    }),
  ),
  ...['9ms', '0s', '31s', '1h'].map((timeout) =>
    refused(`a timeout of ${timeout}`, asking({ ...grpc, timeout }), {
      field: `${external}.timeout`,
      message: 'Set timeout between 10ms and 30s.',
    }),
  ),
  ...[0, 1_048_577].map((maxBytes) =>
    refused(`bodies of ${maxBytes} bytes`, asking({ ...grpc, forwardBody: { maxBytes } }), {
      field: `${external}.forwardBody.maxBytes`,
    }),
  ),
  ...['allowedHeaders', 'upstreamHeaders', 'responseHeaders'].map((field) =>
    refused(`a reserved header in ${field}`, asking({ ...http, [field]: ['X-Meshwright-Authorization'] }), {
      field: `${external}.${field}[0]`,
      message: reserved,
    }),
  ),
  ...['X-Forwarded-Client-Cert', 'x-envoy-retry-on'].map((name) =>
    refused(`${name} for the application`, asking({ ...grpc, upstreamHeaders: [name] }), {
      field: `${external}.upstreamHeaders[0]`,
      message: 'Choose another name: headers that begin with x-envoy- or x-forwarded- belong to proxies.',
    }),
  ),
  ...['Host', 'cookie', 'content-length'].map((name) =>
    refused(`${name} for the application`, asking({ ...grpc, upstreamHeaders: [name] }), {
      field: `${external}.upstreamHeaders[0]`,
      message: 'Choose another name, such as x-auth-user: this header has a meaning of its own in HTTP.',
    }),
  ),
  refused('content-length for the caller', asking({ ...http, responseHeaders: ['Content-Length'] }), {
    field: `${external}.responseHeaders[0]`,
    message: 'Choose another header: this one describes the response of the application.',
  }),
  refused('a request of nothing', asking({ ...grpc, to: [{}] }), { field: `${external}.to[0]` }),
];
