// TrafficPolicy: how calls to a Service are routed, and what happens when they fail.
import { z } from 'zod';
import { dnsLabel, listMap, port, shaped, withRules } from '../../schema.ts';
import type { ApiObject, PolicyStatus } from '../common.ts';
import { Subset } from './backend.ts';
import { routes } from './route.ts';

const TrafficTargetRef = z
  .object({
    kind: z.enum(['Service']).describe('Service.'),
    name: shaped(dnsLabel).describe('Name of a Service in the namespace of this policy.'),
    port: port().optional().describe('A port of the Service, 1 to 65535. Default: all its ports.'),
  })
  .describe('What the policy is about.');

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
