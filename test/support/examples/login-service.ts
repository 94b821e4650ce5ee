// An external authorizer as oauth2-proxy is: who has the cookie `session` is told to the application, all others are sent to the login page.
import { startApplication } from '../data-plane/applications.ts';
import type { Closing } from '../data-plane/closing.ts';

/** Resolves to its port. */
export function startLoginService(closing: Closing): Promise<number> {
  return startApplication('login', closing, ({ headers }, response) => {
    const [, user] = /(?:^|; )session=(\w+)/.exec(headers.cookie ?? '') ?? [];
    if (user === undefined) response.writeHead(302, { location: 'https://login.example/' }).end();
    else response.writeHead(200, { 'x-auth-user': user }).end();
  });
}
