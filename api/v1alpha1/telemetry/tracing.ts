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
        'How many of the requests are traced of which no caller has decided, in percent. Requests with a traceparent header are traced if it says so. Default: 1.',
      ),
    propagation: z
      .enum(['W3C', 'B3'])
      .default('W3C')
      .describe(
        'By which headers applications pass traces on. W3C (default): traceparent. B3: b3 or X-B3-TraceId and the like, too; they go before traceparent where a request has both, and requests that are sent on have all of them.',
      ),
  })
  .exactOptional()
  .describe('Sidecars take part in traces. Default: they do not, and pass headers of traces on as they are.');
