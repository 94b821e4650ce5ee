// What a TrafficPolicy is about.
import { z } from 'zod';
import { dnsLabel, dnsSubdomain, port, shaped, withRules } from '../../schema.ts';

const TrafficTargetRef = withRules(
  z.object({
    kind: z
      .enum(['Service', 'Namespace', 'Mesh'])
      .describe(
        'Service: a Service in the namespace of this policy, or in the namespace that it names. Namespace: all Services in the namespace of this policy. Mesh: all Services; only for policies in the namespace of the Meshwright operator.',
      ),
    name: shaped(dnsSubdomain).describe('Name of the Service, the Namespace or the Mesh.'),
    namespace: shaped(dnsLabel)
      .optional()
      .describe(
        'Namespace of the Service. If it is not the namespace of this policy, the policy applies only to callers in its own namespace, and takes precedence for them; limits, adaptiveConcurrency, admissionControl, callerIdentity and healthCheck are not permitted with namespace. Default: the namespace of this policy.',
      ),
    port: port().optional().describe('Port of the Service, 1 to 65535. Default: all ports.'),
  }),
  {
    rule: "self.kind == 'Service' || !has(self.port)",
    message: 'Remove port: only a Service has ports.',
  },
  {
    rule: "self.kind == 'Service' || !has(self.namespace)",
    message: 'Remove namespace: only a Service can be in another namespace.',
  },
  {
    rule: "self.kind == 'Mesh' || (self.name.size() <= 63 && !self.name.contains('.'))",
    message: "Write only the name, such as reviews: at most 63 characters, without '.'.",
  },
).describe('Object that the policy applies to.');

export const targetRefs = withRules(z.array(TrafficTargetRef).min(1).max(8), {
  rule: 'self.all(t, self.exists_one(o, o == t))',
  message: 'Name each target once.',
});
