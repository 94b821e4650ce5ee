// A route: which requests, where to, and what happens when they fail.
import { z } from 'zod';
import { dnsLabel, shaped, withRules } from '../../schema.ts';
import { backends, mirror } from './backend.ts';
import { Cors } from './cors.ts';
import { Fault } from './fault.ts';
import { HeaderModifier } from './headers.ts';
import { Redirect, Respond, Rewrite, rewriteRules } from './rewrite.ts';
import { RouteMatch } from './match.ts';
import { RouteRetry } from './retry.ts';
import { Timeout, timeoutCoversTries } from './timeout.ts';
import { upgrades } from './upgrade.ts';

const Route = withRules(
  z.object({
    name: shaped(dnsLabel)
      .optional()
      .describe('Name of the route in logs and messages. Unique in the policy.'),
    matches: z
      .array(RouteMatch)
      .max(8)
      .default([])
      .describe('Matches, any of which selects the route. Default: all requests. At most 8.'),
    backends: backends
      .default([])
      .describe('Destinations of the requests. Default: all endpoints of the target. At most 8.'),
    redirect: Redirect.optional().describe('Answers requests with a redirect instead of forwarding them.'),
    respond: Respond.optional().describe(
      'Answers requests with a fixed response instead of forwarding them.',
    ),
    mirror: mirror
      .max(4)
      .default([])
      .describe(
        'Endpoints that get copies of requests as well. Their responses are ignored. A sidecar has at most 100 copies for the same endpoints in flight and drops further ones; a copy ends after 15s. Callers do not wait for copies, with one exception: while an endpoint does not read the copy of an upload, the upload waits, too, for at most these 15s. The host name in the Host header of a copy ends in -shadow (reviews-shadow:9080). At most 4.',
      ),
    rewrite: Rewrite.optional().describe(
      'Changes to path and host before the request is sent. Matches see the original path and host; SecurityPolicies of the backend see the new path.',
    ),
    timeout: Timeout.optional().describe(
      'Timeouts of requests. Default of each field: spec.timeout, then less specific policies, then spec.defaults of the Mesh; else no timeout.',
    ),
    retry: RouteRetry.optional().describe(
      'Retries of failed requests. Default of each field: spec.retry, then less specific policies, then spec.defaults of the Mesh.',
    ),
    requestHeaders: HeaderModifier.optional().describe(
      'Changes to request headers before the request is sent. Matches see the original headers.',
    ),
    responseHeaders: HeaderModifier.optional().describe(
      'Changes to response headers before the caller receives them.',
    ),
    cors: Cors.optional().describe(
      "Lets pages of other origins use the route from browsers. The caller's sidecar, such as that of a gateway, answers preflight requests, and writes the headers of responses.",
    ),
    upgrades: upgrades
      .optional()
      .describe(
        'Protocols to which connections may switch, such as WebSocket, as clients name them in the header Upgrade. Requests for others get 403. An empty list permits none. Default: all that sidecars pass.',
      ),
    fault: Fault.optional().describe('Injected failures, to test how callers react.'),
  }),
  timeoutCoversTries,
  ...rewriteRules,
).describe('The first route that matches a request applies.');

export const routes = withRules(z.array(Route).max(16), {
  rule: 'self.all(r, !has(r.name) || self.exists_one(o, has(o.name) && o.name == r.name))',
  message: 'Give each route a different name.',
});
