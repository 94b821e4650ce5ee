// Mutual TLS of workloads: its modes, and how a mode comes into force where plaintext is in use.
import { z } from 'zod';
import { Duration } from '../duration.ts';
import { withRules } from '../schema.ts';

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
