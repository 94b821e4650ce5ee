// What a TrafficPolicy is about.
import { z } from 'zod';
import { dnsSubdomain, port, shaped, withRules } from '../../schema.ts';

const TrafficTargetRef = withRules(
  z.object({
    kind: z
      .enum(['Service', 'Namespace', 'Mesh'])
      .describe(
        'Service: a Service in the namespace of this policy. Namespace: all Services in the namespace of this policy. Mesh: all Services; only for policies in the namespace of the Meshwright operator.',
      ),
    name: shaped(dnsSubdomain).describe('Name of the Service, the Namespace or the Mesh.'),
    port: port().optional().describe('Port of the Service, 1 to 65535. Default: all ports.'),
  }),
  {
    rule: "self.kind == 'Service' || !has(self.port)",
    message: 'Remove port: only a Service has ports.',
  },
  {
    rule: "self.kind == 'Mesh' || (self.name.size() <= 63 && !self.name.contains('.'))",
    message: "Write only the name, such as reviews: at most 63 characters, without '.'.",
  },
).describe('Object that the policy applies to.');

export const targetRefs = withRules(z.array(TrafficTargetRef).min(1).max(8), {
  rule: 'self.all(t, self.exists_one(o, o.kind == t.kind && o.name == t.name && (has(o.port) ? o.port : 0) == (has(t.port) ? t.port : 0)))',
  message: 'Name each target once.',
});
