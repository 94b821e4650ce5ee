// Who receives what sidecars tell: collectors and plug-ins.
import { z } from 'zod';
import { dnsLabel, listMap, listSet, shaped, withRules } from '../../schema.ts';
import { endpoint } from './endpoint.ts';
import { GoogleCloud } from './google-cloud.ts';

const Provider = withRules(
  z.object({
    name: shaped(dnsLabel).describe('Name of the provider. At most 63 characters.'),
    type: z
      .enum(['OpenTelemetry', 'Zipkin', 'Plugin', 'GoogleCloud'])
      .describe(
        'OpenTelemetry: a collector or anything else that takes OTLP. Zipkin: takes spans as JSON of Zipkin v2. Plugin: a gRPC server of yours that implements api/plugin/telemetry.proto. GoogleCloud: Cloud Logging, Cloud Trace and Cloud Monitoring.',
      ),
    endpoint: endpoint('http://otel-collector.observability.svc:4317')
      .exactOptional()
      .describe(
        'Where the operator sends to. With https, the certificate must be from a CA that Node.js trusts. OpenTelemetry over HTTP: without /v1/logs and the like. Zipkin: the default path is /api/v2/spans. Required, except with type GoogleCloud.',
      ),
    protocol: z
      .enum(['GRPC', 'HTTP'])
      .default('GRPC')
      .describe('How OTLP is sent. Ignored for other types. Default: GRPC.'),
    metrics: z
      .boolean()
      .default(false)
      .describe('Whether it receives what sidecars count, every ten seconds. Default: false.'),
    googleCloud: GoogleCloud.exactOptional().describe(
      'Required with type GoogleCloud: where telemetry goes, and as whom.',
    ),
  }),
  {
    rule: "self.type != 'Zipkin' || !self.metrics",
    message: 'Remove metrics: Zipkin takes spans only.',
  },
  {
    rule: "(self.type == 'GoogleCloud') != has(self.endpoint)",
    message: 'Write endpoint; remove it with type GoogleCloud.',
  },
  {
    rule: "(self.type == 'GoogleCloud') == has(self.googleCloud)",
    message: 'Write googleCloud with type GoogleCloud; remove it otherwise.',
  },
);

export const Providers = listMap(z.array(Provider).max(8), 'name')
  .default([])
  .describe(
    'Who receives access logs, spans and counts. Sidecars send them to the operator, and the operator passes them on. A provider that does not answer delays no request: what there is no room for is dropped and counted. At most 8.',
  );

/** Names of providers, at least so many. */
export function providerNames(atLeast: 0 | 1): z.ZodArray<z.ZodString> {
  return listSet(z.array(shaped(dnsLabel)).min(atLeast).max(8));
}
