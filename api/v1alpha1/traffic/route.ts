// A route: which requests, where to, and what happens when they fail.
import { z } from 'zod';
import { dnsLabel, shaped, withRules } from '../../schema.ts';
import { backends } from './backend.ts';
import { Fault } from './fault.ts';
import { HeaderModifier } from './headers.ts';
import { RouteMatch } from './match.ts';
import { Retry } from './retry.ts';
import { Timeout, timeoutCoversTries } from './timeout.ts';

const Route = withRules(
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
    timeout: Timeout.optional().describe(
      "How long requests may take. Default: the policy's timeout, or what the policies of the Namespace and the Mesh say; else no limit.",
    ),
    retry: Retry.optional().describe(
      "When and how often a failed request is tried again. Default of each field: the policy's retry, or what the policies of the Namespace and the Mesh say.",
    ),
    requestHeaders: HeaderModifier.optional().describe(
      'Changes of the headers of requests, before they are sent. Matches see the headers of the caller.',
    ),
    responseHeaders: HeaderModifier.optional().describe(
      'Changes of the headers of responses, before the caller gets them.',
    ),
    fault: Fault.optional().describe('Failures made on purpose, to see what callers do.'),
  }),
  timeoutCoversTries,
).describe('The first route that matches a request decides.');

export const routes = withRules(z.array(Route).max(16), {
  rule: 'self.all(r, !has(r.name) || self.exists_one(o, has(o.name) && o.name == r.name))',
  message: 'Give each route a name of its own.',
});
