// What the parts of a pod are called that are ours. No user's part has these names, or preflight refuses the workload.

export const initContainer = 'mw-init';
export const proxyContainer = 'mw-proxy';

/** Our init containers in the order they have to run, before every one of the user's. */
export const ownContainers: readonly string[] = [initContainer, proxyContainer];

/** The ConfigMap of each meshed namespace that holds the SDS files. */
export const sdsConfigMap = 'meshwright-trust';
