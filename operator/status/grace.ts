// How long a proxy that is out of reach holds statuses back. Pure.

/**
 * A proxy that has been out of reach for so long no longer keeps `Programmed` and `DeletionsProgrammed` from being True, so
 * that one broken sidecar does not hold back the statuses of others for good. Their messages name it instead. 5 minutes.
 */
export const graceMs = 5 * 60_000;

interface Missing {
  /** Since when it is out of reach; null: nobody knows. */
  readonly since: Date | null;
}

/** It is out of reach for longer than the grace. */
export function isOverdue({ since }: Missing, now: Date): boolean {
  return since !== null && now.getTime() - since.getTime() >= graceMs;
}

/** How long until the grace of the next of these ends, in ms; null: none will. */
export function untilNextOverdue(missing: readonly Missing[], now: Date): number | null {
  const ends = missing.flatMap((it) => (it.since === null || isOverdue(it, now) ? [] : [it.since.getTime()]));
  return ends.length === 0 ? null : Math.min(...ends) + graceMs - now.getTime();
}
