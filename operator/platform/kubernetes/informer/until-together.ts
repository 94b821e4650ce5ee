// How long a watch is to last. Pure.

/**
 * In seconds. The watches of all kinds end at about the same time, so that a process at rest is awakened once for many of them;
 * those of two replicas do not, as each counts from its own start.
 */
export function untilTogether(nowMs: number, watchSeconds: number): number {
  const left = watchSeconds - ((nowMs / 1000) % watchSeconds);
  return Math.max(1, Math.round(left < watchSeconds / 5 ? left + watchSeconds : left));
}
