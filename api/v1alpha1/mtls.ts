// Mutual TLS of workloads: its modes, and how a mode comes into force where plaintext is in use.
import { z } from 'zod';
import { Duration } from '../duration.ts';
import { listMap, port, withRules } from '../schema.ts';

export const MtlsMode = z.enum(['Permissive', 'Strict', 'Disabled']);
export type MtlsMode = z.infer<typeof MtlsMode>;

export const MtlsTransition = z
  .object({
    type: z
      .enum(['Safe', 'Immediate'])
      .default('Safe')
      .describe(
        'Safe (default): a port that accepts plaintext becomes Strict once nobody has called it in plaintext for quietPeriod; until then Programmed is False and names the callers. If plaintext arrives right after that, the port accepts it again, and waits longer. Immediate: Strict takes effect at once, and plaintext callers are refused.',
      ),
    quietPeriod: withRules(Duration, {
      rule: "duration(self) >= duration('1s') && duration(self) <= duration('24h')",
      message: 'Set quietPeriod between 1s and 24h.',
    })
      .default('10m')
      .describe('How long a port must have been without plaintext. For Safe only. 1s to 24h. Default: 10m.'),
  })
  .describe(
    'How mode Strict takes effect on ports that accept plaintext now. Ports that are Strict already, and new workloads, are Strict at once. Default: Safe.',
  );
export type MtlsTransition = z.infer<typeof MtlsTransition>;

const modes =
  'Permissive: the targets accept mutual TLS and plaintext. Strict: mutual TLS only. Disabled: plaintext only.';

const PortMtls = z
  .object({
    port: port().describe(
      'Port of the workload: targetPort of a Service, not its port. A Service need not lead to it.',
    ),
    mode: MtlsMode.describe(`${modes} On this port.`),
  })
  .describe('The mode of one port.');

/** Of the targets of a SecurityPolicy. */
export const PolicyMtls = withRules(
  z.object({
    mode: MtlsMode.optional().describe(
      `${modes} On all ports that are not in ports. Default: what less specific policies set, or the Mesh. Required unless ports is set.`,
    ),
    ports: listMap(z.array(PortMtls).max(16), 'port')
      .default([])
      .describe(
        'Ports with a mode of their own, such as a port for metrics that is called from outside of the mesh. At most 16.',
      ),
    transition: MtlsTransition.optional(),
  }),
  {
    rule: 'has(self.mode) || self.ports.size() > 0',
    message: 'Set mode or ports; without them mtls does nothing.',
  },
).describe('Mutual TLS for the targets. Default: the setting of the Mesh.');
