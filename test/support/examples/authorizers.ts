// External authorizers of the shop, without sidecars. Entries: startLoginService, startExtAuthz.
import { startApplication } from '../data-plane/applications.ts';
import type { Closing } from '../data-plane/closing.ts';
import { denied, permitted, startGrpcAuthorizer } from '../data-plane/grpc-authorizer.ts';

/** By HTTP, as oauth2-proxy: who has the cookie `session` is told to the application, all others are sent to the login page. Resolves to its port. */
export function startLoginService(closing: Closing): Promise<number> {
  return startApplication('login', closing, ({ headers }, response) => {
    const [, user] = /(?:^|; )session=(\w+)/.exec(headers.cookie ?? '') ?? [];
    if (user === undefined) response.writeHead(302, { location: 'https://login.example/' }).end();
    else response.writeHead(200, { 'x-auth-user': user }).end();
  });
}

/** By gRPC, as in Istio's task: permits what has the header `x-ext-authz: allow`. Resolves to its port. */
export function startExtAuthz(closing: Closing): Promise<number> {
  return startGrpcAuthorizer(({ attributes }) => {
    const { headers = {} } = attributes.request.http;
    return headers['x-ext-authz'] === 'allow' ? permitted : denied(403, 'denied by ext_authz');
  }, closing);
}
