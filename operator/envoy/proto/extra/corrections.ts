// Where Envoy 1.40 says something else of a field than npm's older files: the bounds that it checks, and fields that are gone.
// test/integration/messages-api.test.ts compares all of them with the API that a real Envoy embeds.
import type { Rules } from '../descriptor.ts';

/** Full names of fields that Envoy no longer has. */
export const gone: readonly string[] = ['envoy.config.listener.v3.FilterChain.on_demand_configuration'];

const responseFlags =
  'LH UH UT LR UR UF UC UO NR DI FI RL UAEX RLSE DC URX SI IH DPE UMSDR RFCF NFCF DT UPE NC OM DF DO DR UDO';

/** Full name of a field → its validate.rules in place of npm's; null: none. */
export const rules: Readonly<Record<string, Rules | null>> = {
  'envoy.config.accesslog.v3.ResponseFlagFilter.flags': {
    repeated: { items: { string: { in: responseFlags.split(' ') } } },
  },
  'envoy.config.cluster.v3.Cluster.health_checks': { repeated: { max_items: 8 } },
  'envoy.config.core.v3.QuicKeepAliveSettings.initial_interval': {
    duration: { lte: {}, gte: { nanos: 1_000_000 } },
  },
  'envoy.config.core.v3.QuicKeepAliveSettings.max_interval': null,
  'envoy.config.core.v3.QuicProtocolOptions.idle_network_timeout': { duration: { gte: { seconds: 1 } } },
  'envoy.config.core.v3.RuntimeDouble.runtime_key': null,
  'envoy.config.core.v3.RuntimeFeatureFlag.runtime_key': null,
  'envoy.config.core.v3.RuntimePercent.runtime_key': null,
  'envoy.config.core.v3.RuntimeUInt32.runtime_key': null,
  'envoy.config.metrics.v3.HistogramBucketSettings.buckets': {
    repeated: { unique: true, items: { double: { gt: 0 } } },
  },
  'envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig.common_config': null,
  'envoy.extensions.common.dynamic_forward_proxy.v3.DnsCacheConfig.dns_query_timeout': {
    duration: { gte: {} },
  },
  'envoy.extensions.common.ratelimit.v3.RateLimitDescriptor.Entry.value': { string: { min_len: 0 } },
  'envoy.extensions.filters.http.adaptive_concurrency.v3.GradientControllerConfig.MinimumRTTCalculationParams.interval':
    { duration: { gte: { nanos: 1_000_000 } } },
  'envoy.extensions.filters.http.jwt_authn.v3.JwtClaimToHeader.claim_name': null,
  'envoy.extensions.filters.network.http_connection_manager.v3.Rds.config_source': null,
  'envoy.extensions.transport_sockets.tls.v3.CertificateProviderPluginInstance.instance_name': {
    string: { min_len: 1 },
  },
  'envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig.resolvers': null,
  'envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig.max_heap_size_bytes': null,
  'envoy.type.v3.TokenBucket.max_tokens': { uint32: { gte: 0 } },
};
