// What stands both in a sidecar's bootstrap and in the resources it is sent later, names above all. To change one takes a restart of every
// sidecar.

/** The runtime layer that comes by RTDS. */
export const runtimeLayer = 'meshwright';

/** The operator: where configuration comes from, and counters go to. */
export const operatorCluster = 'xds';

/**
 * The operator refuses, unread, a report that arrives while it closes the connection. Envoy then sends it once more, also if it found no
 * connection; otherwise its records, spans or counts would be lost.
 */
export const reportRetries = { retry_on: 'refused-stream,connect-failure' } as const;

/** Metadata of gRPC calls that do not say by themselves which node calls. */
export const nodeIdHeader = 'x-meshwright-node-id';

/** The sidecar and its like, an EDS cluster: what routing by zone and shares of a common limit are worked out from. */
export const localCluster = 'local';

/** All counters of ours begin so. */
export const statsPrefix = 'meshwright';

/** Milliseconds: of requests that a cache answers and of those that somebody gave up on. Envoy's own buckets are twice as many. */
export const durationBounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000] as const;
