// What gRPC is told about connections of proxies. Entry: channelOptions.
import type { ServerOptions } from '@grpc/grpc-js';

/** Of a request: 50,000 names of 300 bytes. */
const mostMessageBytes = 16 * 1024 * 1024;

/**
 * A connection without streams is closed after 15 seconds. `connectionAgeMs`: at this age, give or take 10 % by grpc-js itself, a connection is closed, so that replicas come to share
 * the proxies. Its streams may go on for a while after that was announced; whoever comes back is sent what differs.
 * @see https://github.com/grpc/grpc-node/tree/master/packages/grpc-js#supported-channel-options
 */
export function channelOptions(connectionAgeMs = 30 * 60_000): ServerOptions {
  return {
    'grpc.max_receive_message_length': mostMessageBytes,
    'grpc.max_connection_idle_ms': 15_000,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.max_connection_age_ms': connectionAgeMs,
    'grpc.max_connection_age_grace_ms': Math.min(10_000, connectionAgeMs / 10),
    // Who opens more than is allowed is told so with a status of gRPC, unless it opens very many.
    'grpc.max_concurrent_streams': 100,
    'grpc.enable_channelz': 0,
  };
}
