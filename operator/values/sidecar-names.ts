// Names that stand both in a sidecar's bootstrap and in the resources it is sent later. To change one takes a restart of every
// sidecar.

/** The runtime layer that comes by RTDS. */
export const runtimeLayer = 'meshwright';

/** The operator: where configuration comes from, and counters go to. */
export const operatorCluster = 'xds';

/**
 * Of a report to the operator: a connection that the operator closes while one comes in refuses it, unread. Envoy sends such a report once more,
 * and one that found no connection; else its records, spans or counts would be lost.
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
