// Which requests are traced, and who receives the spans.
import { z } from 'zod';
import { providerNames } from './providers.ts';

export const Tracing = z
  .object({
    providers: providerNames(1).describe('Names of the providers that receive spans.'),
    percentage: z
      .int()
      .min(0)
      .max(100)
      .default(1)
      .describe(
        'How many of the requests about which no caller has decided are traced, in percent. Other requests are traced if their headers say so. Default: 1.',
      ),
    propagation: z
      .enum(['W3C', 'B3'])
      .default('W3C')
      .describe(
        'Headers by which applications pass traces on. W3C (default): traceparent. B3: also b3, and X-B3-TraceId and the like. If a request has both, B3 counts; requests that are sent on have all of them.',
      ),
  })
  .exactOptional()
  .describe('Sidecars take part in traces. Default: they do not, and pass headers of traces on as they are.');
