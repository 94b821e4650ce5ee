// Spans of requests, sent to the operator. Only where the Mesh asks for it: a tracer changes headers of traces even if it samples nothing.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/trace/v3/opentelemetry.proto
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import { requestFields } from './log-fields.ts';
import { reportsToOperator } from './reports-to-operator.ts';
import { type SampledTraces, sampler } from './sampling.ts';
import { any } from './typed-config.ts';
import { directionOf, type Vantage } from './vantage.ts';

/** Fields of a connection manager. */
export function tracing(traces: SampledTraces, vantage: Vantage): EnvoyMessage {
  return { tracing: spans(traces, vantage), request_id_extension: requestIds };
}

/** Else Envoy would end traces of requests whose identifier is not a UUID, such as a ULID, and change a digit of those that are. */
const requestIds: EnvoyMessage = {
  typed_config: any('envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig', {
    pack_trace_reason: { value: false },
    use_request_id_for_trace_sampling: { value: false },
  }),
};

function spans(traces: SampledTraces, vantage: Vantage): EnvoyMessage {
  return {
    provider: {
      name: 'envoy.tracers.opentelemetry',
      typed_config: any('envoy.config.trace.v3.OpenTelemetryConfig', {
        grpc_service: reportsToOperator,
        sampler: sampler(traces),
      }),
    },
    // The sampler decides. With less, Envoy would end traces of applications.
    random_sampling: { value: 100 },
    // One span for each sidecar. Those of their own for what goes out would not say which node sends them.
    spawn_upstream_span: false,
    custom_tags: tags(vantage),
  };
}

/** As access logs name them. */
function tags(vantage: Vantage): readonly EnvoyMessage[] {
  const formats = requestFields(directionOf(vantage));
  return (['direction', 'peer', 'route_name', 'rule'] as const).flatMap((field) => {
    const value = formats[field];
    return value === undefined ? [] : [{ tag: `meshwright.${field}`, value }];
  });
}
