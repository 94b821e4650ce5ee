// Pods of controllers whose templates nobody knows.
import type { OwnedPod } from '../../../../operator/reconcile/other-pods/owners.ts';

export function ownedPod(name: string, parts: Partial<OwnedPod> = {}): OwnedPod {
  return {
    ref: { namespace: 'shop', name, uid: name },
    serviceAccount: 'default',
    isByPolicy: false,
    revision: undefined,
    isReady: true,
    isStaying: true,
    isLeftAlone: false,
    ...parts,
  };
}

/** With the sidecar of a revision. */
export function meshedPod(name: string, revision: string, parts: Partial<OwnedPod> = {}): OwnedPod {
  return ownedPod(name, { isByPolicy: true, revision, ...parts });
}
