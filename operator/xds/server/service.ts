// The gRPC service: messages stay bytes, since responses are put together from encoded resources.
// @see https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#aggregated-discovery-service
import type { ServiceDefinition } from '@grpc/grpc-js';

export const asIs = (bytes: Buffer): Buffer => bytes;

/** A method with streams of bytes in both directions. */
export function bytesMethod(path: string): ServiceDefinition[string] {
  return {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

function method(name: string): ServiceDefinition[string] {
  return bytesMethod(`/envoy.service.discovery.v3.AggregatedDiscoveryService/${name}`);
}

export const aggregatedDiscoveryService: ServiceDefinition = {
  StreamAggregatedResources: method('StreamAggregatedResources'),
  DeltaAggregatedResources: method('DeltaAggregatedResources'),
};
