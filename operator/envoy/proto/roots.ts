// The messages of Envoy that this operator writes or reads, and what they may carry in a google.protobuf.Any.
// generate.ts turns them, with all they refer to, into generated/descriptor.json. To use another message, add it here.

/** File of Envoy's API → the messages wanted from it, by full name. */
export const roots: Readonly<Record<string, readonly string[]>> = {
  // What is subscribed to.
  'envoy/config/cluster/v3/cluster.proto': ['envoy.config.cluster.v3.Cluster'],
  'envoy/config/endpoint/v3/endpoint.proto': ['envoy.config.endpoint.v3.ClusterLoadAssignment'],
  'envoy/config/listener/v3/listener.proto': ['envoy.config.listener.v3.Listener'],
  'envoy/config/route/v3/route.proto': ['envoy.config.route.v3.RouteConfiguration'],
  'envoy/config/route/v3/route_components.proto': [
    'envoy.config.route.v3.VirtualHost',
    'envoy.config.route.v3.FilterConfig',
  ],
  'envoy/extensions/transport_sockets/tls/v3/secret.proto': [
    'envoy.extensions.transport_sockets.tls.v3.Secret',
  ],
  'envoy/config/core/v3/extension.proto': ['envoy.config.core.v3.TypedExtensionConfig'],
  'envoy/service/runtime/v3/rtds.proto': ['envoy.service.runtime.v3.Runtime'],
  // The stream, and how a proxy finds it.
  'envoy/service/discovery/v3/discovery.proto': [
    'envoy.service.discovery.v3.DiscoveryRequest',
    'envoy.service.discovery.v3.DiscoveryResponse',
    'envoy.service.discovery.v3.DeltaDiscoveryRequest',
    'envoy.service.discovery.v3.DeltaDiscoveryResponse',
  ],
  'envoy/config/bootstrap/v3/bootstrap.proto': ['envoy.config.bootstrap.v3.Bootstrap'],
  // What a sidecar does when it gets short of memory.
  'envoy/config/overload/v3/overload.proto': [
    'envoy.config.overload.v3.OverloadManager',
    'envoy.config.overload.v3.ScaleTimersOverloadActionConfig',
  ],
  'envoy/extensions/resource_monitors/fixed_heap/v3/fixed_heap.proto': [
    'envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig',
  ],
  // Network filters.
  'envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto': [
    'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  ],
  'envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.proto': [
    'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
  ],
  'envoy/extensions/filters/network/rbac/v3/rbac.proto': ['envoy.extensions.filters.network.rbac.v3.RBAC'],
  'envoy/extensions/filters/network/set_filter_state/v3/set_filter_state.proto': [
    'envoy.extensions.filters.network.set_filter_state.v3.Config',
  ],
  'envoy/extensions/filters/network/sni_dynamic_forward_proxy/v3/sni_dynamic_forward_proxy.proto': [
    'envoy.extensions.filters.network.sni_dynamic_forward_proxy.v3.FilterConfig',
  ],
  // HTTP filters, with the messages they take per virtual host and route.
  'envoy/extensions/filters/http/upstream_codec/v3/upstream_codec.proto': [
    'envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec',
  ],
  'envoy/extensions/filters/http/router/v3/router.proto': ['envoy.extensions.filters.http.router.v3.Router'],
  'envoy/extensions/filters/http/rbac/v3/rbac.proto': [
    'envoy.extensions.filters.http.rbac.v3.RBAC',
    'envoy.extensions.filters.http.rbac.v3.RBACPerRoute',
  ],
  'envoy/extensions/filters/http/buffer/v3/buffer.proto': ['envoy.extensions.filters.http.buffer.v3.Buffer'],
  'envoy/extensions/filters/http/cors/v3/cors.proto': [
    'envoy.extensions.filters.http.cors.v3.Cors',
    'envoy.extensions.filters.http.cors.v3.CorsPolicy',
  ],
  'envoy/extensions/filters/http/fault/v3/fault.proto': ['envoy.extensions.filters.http.fault.v3.HTTPFault'],
  'envoy/extensions/filters/http/header_mutation/v3/header_mutation.proto': [
    'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
    'envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute',
  ],
  'envoy/extensions/filters/http/lua/v3/lua.proto': [
    'envoy.extensions.filters.http.lua.v3.Lua',
    'envoy.extensions.filters.http.lua.v3.LuaPerRoute',
  ],
  'envoy/extensions/filters/http/set_metadata/v3/set_metadata.proto': [
    'envoy.extensions.filters.http.set_metadata.v3.Config',
  ],
  'envoy/extensions/filters/http/set_filter_state/v3/set_filter_state.proto': [
    'envoy.extensions.filters.http.set_filter_state.v3.Config',
  ],
  'envoy/extensions/filters/http/health_check/v3/health_check.proto': [
    'envoy.extensions.filters.http.health_check.v3.HealthCheck',
  ],
  'envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.proto': [
    'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
  ],
  'envoy/extensions/filters/http/rate_limit_quota/v3/rate_limit_quota.proto': [
    'envoy.extensions.filters.http.rate_limit_quota.v3.RateLimitQuotaFilterConfig',
    'envoy.extensions.filters.http.rate_limit_quota.v3.RateLimitQuotaBucketSettings',
  ],
  'envoy/type/matcher/v3/http_inputs.proto': ['envoy.type.matcher.v3.HttpRequestHeaderMatchInput'],
  'envoy/service/rate_limit_quota/v3/rlqs.proto': [
    'envoy.service.rate_limit_quota.v3.RateLimitQuotaUsageReports',
    'envoy.service.rate_limit_quota.v3.RateLimitQuotaResponse',
  ],
  'envoy/extensions/filters/http/adaptive_concurrency/v3/adaptive_concurrency.proto': [
    'envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency',
  ],
  'envoy/extensions/filters/http/admission_control/v3/admission_control.proto': [
    'envoy.extensions.filters.http.admission_control.v3.AdmissionControl',
  ],
  'envoy/extensions/filters/http/jwt_authn/v3/config.proto': [
    'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
    'envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig',
  ],
  'envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation.proto': [
    'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation',
  ],
  'envoy/extensions/filters/http/filter_chain/v3/filter_chain.proto': [
    'envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig',
    'envoy.extensions.filters.http.filter_chain.v3.FilterChainConfigPerRoute',
  ],
  'envoy/extensions/filters/http/oauth2/v3/oauth.proto': ['envoy.extensions.filters.http.oauth2.v3.OAuth2'],
  'envoy/extensions/filters/http/ext_authz/v3/ext_authz.proto': [
    'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz',
  ],
  'envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case.proto': [
    'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig',
  ],
  // Listener filters.
  'envoy/extensions/filters/listener/original_dst/v3/original_dst.proto': [
    'envoy.extensions.filters.listener.original_dst.v3.OriginalDst',
  ],
  'envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.proto': [
    'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
  ],
  // Transport sockets and upstreams.
  'envoy/extensions/transport_sockets/tls/v3/tls.proto': [
    'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
    'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
  ],
  'envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer.proto': [
    'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer',
  ],
  'envoy/extensions/clusters/dynamic_forward_proxy/v3/cluster.proto': [
    'envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig',
  ],
  'envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver.proto': [
    'envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig',
  ],
  'envoy/extensions/upstreams/http/v3/http_protocol_options.proto': [
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
  ],
  'envoy/extensions/filters/http/stateful_session/v3/stateful_session.proto': [
    'envoy.extensions.filters.http.stateful_session.v3.StatefulSession',
    'envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute',
  ],
  'envoy/extensions/http/stateful_session/cookie/v3/cookie.proto': [
    'envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState',
  ],
  'envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config.proto': [
    'envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig',
  ],
  'envoy/extensions/retry/host/previous_hosts/v3/previous_hosts.proto': [
    'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
  ],
  // Choosing a filter chain.
  'xds/type/matcher/v3/ip.proto': ['xds.type.matcher.v3.IPMatcher'],
  'envoy/extensions/matching/common_inputs/network/v3/network_inputs.proto': [
    'envoy.extensions.matching.common_inputs.network.v3.DestinationIPInput',
    'envoy.extensions.matching.common_inputs.network.v3.DestinationPortInput',
    'envoy.extensions.matching.common_inputs.network.v3.ApplicationProtocolInput',
    'envoy.extensions.matching.common_inputs.network.v3.TransportProtocolInput',
    'envoy.extensions.matching.common_inputs.network.v3.ServerNameInput',
  ],
  // Deciding about connections that exist.
  'envoy/config/rbac/v3/rbac.proto': ['envoy.config.rbac.v3.Action'],
  'envoy/extensions/matching/input_matchers/runtime_fraction/v3/runtime_fraction.proto': [
    'envoy.extensions.matching.input_matchers.runtime_fraction.v3.RuntimeFraction',
  ],
  'google/protobuf/wrappers.proto': ['google.protobuf.StringValue'],
  // Access logs and metrics.
  'envoy/extensions/access_loggers/filters/cel/v3/cel.proto': [
    'envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter',
  ],
  'envoy/extensions/access_loggers/stream/v3/stream.proto': [
    'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
    'envoy.extensions.access_loggers.stream.v3.StderrAccessLog',
  ],
  'envoy/extensions/access_loggers/file/v3/file.proto': [
    'envoy.extensions.access_loggers.file.v3.FileAccessLog',
  ],
  'envoy/extensions/access_loggers/open_telemetry/v3/logs_service.proto': [
    'envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig',
  ],
  // Traces.
  'envoy/extensions/request_id/uuid/v3/uuid.proto': [
    'envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig',
  ],
  'envoy/config/trace/v3/opentelemetry.proto': ['envoy.config.trace.v3.OpenTelemetryConfig'],
  'envoy/extensions/tracers/opentelemetry/samplers/v3/parent_based_sampler.proto': [
    'envoy.extensions.tracers.opentelemetry.samplers.v3.ParentBasedSamplerConfig',
  ],
  'envoy/extensions/tracers/opentelemetry/samplers/v3/trace_id_ratio_based_sampler.proto': [
    'envoy.extensions.tracers.opentelemetry.samplers.v3.TraceIdRatioBasedSamplerConfig',
  ],
  'envoy/extensions/tracers/opentelemetry/samplers/v3/cel_sampler.proto': [
    'envoy.extensions.tracers.opentelemetry.samplers.v3.CELSamplerConfig',
  ],
  'envoy/extensions/access_loggers/stats/v3/stats.proto': ['envoy.extensions.access_loggers.stats.v3.Config'],
  'envoy/extensions/stat_sinks/open_telemetry/v3/open_telemetry.proto': [
    'envoy.extensions.stat_sinks.open_telemetry.v3.SinkConfig',
    'envoy.extensions.stat_sinks.open_telemetry.v3.SinkConfig.DropAction',
  ],
  'envoy/extensions/matching/common_inputs/stats/v3/stats.proto': [
    'envoy.extensions.matching.common_inputs.stats.v3.StatFullNameMatchInput',
  ],
};
