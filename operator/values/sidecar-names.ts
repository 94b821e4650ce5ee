// Names that stand both in a sidecar's bootstrap and in the resources it is sent later. To change one takes a restart of every
// sidecar.

/** The runtime layer that comes by RTDS. */
export const runtimeLayer = 'meshwright';

/** Where a sidecar sends its counters, an EDS cluster: it sends nothing while that has no endpoints. */
export const telemetryCluster = 'telemetry';

/** The sidecar and its like, an EDS cluster: what routing by zone and shares of a common limit are worked out from. */
export const localCluster = 'local';

/** All counters of ours begin so. */
export const statsPrefix = 'meshwright';
