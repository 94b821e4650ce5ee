// Which requests are traced, and who receives the spans.
import { z } from 'zod';
import { providerNames } from './providers.ts';
import { dnsLabel, listMap, listSet, matchLabels, shaped } from '../../schema.ts';

const Sampling = z.object({
  name: shaped(dnsLabel).describe('Name of the sampling rule. At most 63 characters.'),
  namespaces: listSet(z.array(shaped(dnsLabel)).max(64))
    .default([])
    .describe('Namespaces of the workloads whose sidecars obey it, at most 64. Default: all.'),
  selector: z
    .object({
      matchLabels: matchLabels()
        .default({})
        .describe('Labels that a workload must have for its sidecar to obey it. At most 16. Default: none.'),
    })
    .prefault({})
    .describe('Labels of the workloads whose sidecars obey it. Default: all workloads of the namespaces.'),
  filter: z
    .string()
    .min(1)
    .max(1024)
    .exactOptional()
    .describe(
      "Which requests it is about, as a CEL expression such as request.url_path.startsWith('/checkout') or xds.route_name == 'canary'. docs/telemetry.md lists what it may use. Default: all. At most 1024 characters.",
    ),
  percentage: z.int().min(0).max(100).describe('How many of these requests are traced, in percent.'),
});

export const Tracing = z
  .object({
    providers: providerNames(1).describe('Names of the providers that receive spans.'),
    percentage: z
      .int()
      .min(0)
      .max(100)
      .default(1)
      .describe(
        'How many of the requests about which no caller has decided are traced, in percent, unless a rule in sampling says otherwise. Other requests are traced if their headers say so. Default: 1.',
      ),
    sampling: listMap(z.array(Sampling).max(8), 'name')
      .default([])
      .describe(
        'Other percentages, by namespace, workload and request. The first rule that fits decides; it decides where a trace begins, and the decision goes with the trace. At most 8. Default: none.',
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
