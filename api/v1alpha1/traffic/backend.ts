// Where requests go: all endpoints of the target or of another Service, or some of them.
import { z } from 'zod';
import { percentage } from './percentage.ts';
import { dnsLabel, matchLabels, port, shaped, withRules } from '../../schema.ts';

export const Subset = z
  .object({
    name: shaped(dnsLabel).describe('Name of the subset, which backends refer to.'),
    matchLabels: matchLabels().describe('Labels of the pods or ExternalWorkloads in the subset. At most 16.'),
  })
  .describe('A subset of the endpoints of the target.');

const BackendService = z.object({
  namespace: shaped(dnsLabel)
    .optional()
    .describe(
      'Namespace of the Service. Another namespace needs a ReferenceGrant there. Default: the namespace of this policy.',
    ),
  name: shaped(dnsLabel).describe('Name of the Service.'),
  port: port().describe('Port of the Service, 1 to 65535. It must serve HTTP.'),
});

const serviceText = 'A Service in place of the target. Default: the target.';
const subsetText =
  'Name of a subset in spec.subsets; with service, of a subset that the TrafficPolicy for that Service declares. Default: all endpoints.';

const Backend = z
  .object({
    service: BackendService.optional().describe(serviceText),
    subset: shaped(dnsLabel).optional().describe(subsetText),
    weight: weight('requests'),
  })
  .describe('Destination for a share of the requests.');

const ConnectionBackend = z
  .object({
    subset: shaped(dnsLabel)
      .optional()
      .describe('Name of a subset in spec.subsets. Default: all endpoints of the target.'),
    weight: weight('new connections'),
  })
  .describe('Destination for a share of the connections.');

function weight(what: string): z.ZodDefault<z.ZodInt> {
  return z
    .int()
    .min(0)
    .max(1_000_000)
    .default(1)
    .describe(`Share of the ${what} relative to the other weights, 0 to 1000000. Default: 1.`);
}

export const mirror = z.array(
  z
    .object({
      service: BackendService.optional().describe(serviceText),
      subset: shaped(dnsLabel).optional().describe(subsetText),
      percentage,
    })
    .describe('Endpoints that get copies of requests.'),
);

const somebodyGetsThem = {
  rule: 'self.size() == 0 || self.exists(b, b.weight > 0)',
  message: 'Give at least one backend a weight above 0.',
};

export const backends = withRules(z.array(Backend).max(8), somebodyGetsThem);

/** Of routes of connections. */
export const connectionBackends = withRules(z.array(ConnectionBackend).max(8), somebodyGetsThem);
