// The resource types that our sidecars subscribe to.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#resource-types

export const typeUrl = {
  /** RTDS: the values of a runtime layer. */
  runtime: 'type.googleapis.com/envoy.service.runtime.v3.Runtime',
  cluster: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  endpoint: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  route: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  virtualHost: 'type.googleapis.com/envoy.config.route.v3.VirtualHost',
  secret: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
  /** ECDS: the configuration of a filter that listeners name. */
  extensionConfig: 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig',
} as const;
export type TypeUrl = (typeof typeUrl)[keyof typeof typeUrl];
