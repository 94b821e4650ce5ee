// How long it takes until others have noticed, and how often is looked.

/** Each API server looks at its admission policies once a second. */
export const policySettleMs = 3000;

/** API servers that did not run policies have to run them for this long, whichever of them is asked. */
export const policyTrustMs = 20_000;

/** API servers see a label of a namespace later than we do: a pod that is made too soon is made for nothing. */
export const labelSeenMs = 2000;

/** Everything is looked at this often, though nothing seemed to happen. */
export const resyncMs = 600_000;
