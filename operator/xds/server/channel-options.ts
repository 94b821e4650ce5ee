// What gRPC is told about connections of proxies. Entry: channelOptions.
import type { ServerOptions } from '@grpc/grpc-js';

/**
 * `connectionAgeMs`: at this age, give or take 10 % by grpc-js itself, a connection is closed, so that replicas come to share
 * the proxies. Its streams may go on for a while after that was announced; whoever comes back is sent what differs.
 * @see https://github.com/grpc/grpc-node/tree/master/packages/grpc-js#supported-channel-options
 */
export function channelOptions(connectionAgeMs = 30 * 60_000): ServerOptions {
  return {
    'grpc.max_receive_message_length': 32 * 1024 * 1024,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.max_connection_age_ms': connectionAgeMs,
    'grpc.max_connection_age_grace_ms': Math.min(10_000, connectionAgeMs / 10),
    'grpc.max_concurrent_streams': 100_000,
    'grpc.enable_channelz': 0,
  };
}
