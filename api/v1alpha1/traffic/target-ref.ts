// What a TrafficPolicy is about.
import { z } from 'zod';
import { dnsSubdomain, port, shaped, withRules } from '../../schema.ts';

const TrafficTargetRef = withRules(
  z.object({
    kind: z
      .enum(['Service', 'Namespace', 'Mesh'])
      .describe(
        'Service: one Service in the namespace of this policy. Namespace: all Services of that namespace. Mesh: all Services; only for policies in the namespace of the Meshwright operator.',
      ),
    name: shaped(dnsSubdomain).describe(
      'Name of the Service, of the namespace of this policy, or of the Mesh.',
    ),
    port: port().optional().describe('A port of the Service, 1 to 65535. Default: all its ports.'),
  }),
  {
    rule: "self.kind == 'Service' || !has(self.port)",
    message: 'Remove port: only a Service has ports.',
  },
  {
    rule: "self.kind == 'Mesh' || (self.name.size() <= 63 && !self.name.contains('.'))",
    message: "Write the name alone, such as reviews: it has at most 63 characters, and no '.' in it.",
  },
).describe('What the policy is about.');

export const targetRefs = withRules(z.array(TrafficTargetRef).min(1).max(8), {
  rule: 'self.all(t, self.exists_one(o, o.kind == t.kind && o.name == t.name && (has(o.port) ? o.port : 0) == (has(t.port) ? t.port : 0)))',
  message: 'Name each target once.',
});
