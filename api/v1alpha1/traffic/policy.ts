// TrafficPolicy: how calls to Services are routed, and what happens when they fail.
import { z } from 'zod';
import { listMap, withRules } from '../../schema.ts';
import type { ApiObject, PolicyStatus } from '../common.ts';
import { Subset } from './backend.ts';
import { Retry } from './retry.ts';
import { routes } from './route.ts';
import { targetRefs } from './target-ref.ts';
import { Timeout, timeoutCoversTries } from './timeout.ts';

export const TrafficPolicySpec = withRules(
  z.object({
    targetRefs: targetRefs.describe(
      'The Services whose callers obey this policy, 1 to 8. Where several policies set the same field, a Service with a port is stronger than a Service, then a Namespace, then the Mesh; of equals, the older policy.',
    ),
    timeout: Timeout.optional().describe(
      'How long requests may take, on all routes that do not say otherwise. Default: no limit.',
    ),
    retry: Retry.optional().describe(
      'When and how often a failed request is tried again, on all routes that do not say otherwise. Default: 2 retries on ConnectFailure and RefusedStream, which repeat nothing that had an effect.',
    ),
    subsets: listMap(z.array(Subset).max(16), 'name')
      .default([])
      .describe('Named parts of the endpoints, for backends to point at. At most 16. Only for Services.'),
    routes: routes
      .default([])
      .describe(
        'Looked at in order; a request that no route matches goes to the target as without routes. At most 16. Only for Services.',
      ),
  }),
  {
    rule: 'has(self.timeout) || has(self.retry) || self.subsets.size() > 0 || self.routes.size() > 0',
    message: 'Give the policy timeout, retry or routes; without them it does nothing.',
  },
  {
    rule: "self.targetRefs.all(t, t.kind == 'Service') || (self.subsets.size() == 0 && self.routes.size() == 0)",
    message:
      'Remove routes and subsets, or target Services only: for a Namespace and the Mesh there are only timeout and retry.',
  },
  timeoutCoversTries,
  {
    rule: 'self.routes.all(r, r.backends.all(b, !has(b.subset) || self.subsets.exists(s, s.name == b.subset)))',
    message: 'Declare every subset that a backend names in spec.subsets, or correct the name.',
  },
).describe('How calls to the targets are routed, and what happens when they fail.');
export type TrafficPolicySpec = z.infer<typeof TrafficPolicySpec>;

export type TrafficPolicy = ApiObject<'TrafficPolicy', TrafficPolicySpec, PolicyStatus>;
