// When keys are fetched the next time. Pure.

const firstRetryMs = 1_000;
const maxRetryMs = 5 * 60_000;
const jitter = 0.1;

/**
 * Milliseconds until the next fetch: after a success the interval, after failures 1 s, doubled with each, up to 5 minutes or the interval,
 * if that is less. 10 % more or less, so that issuers are not asked by all at once.
 * @param random 0 to 1
 */
export function nextFetchMs(
  { refreshMs, failures }: { readonly refreshMs: number; readonly failures: number },
  random: number,
): number {
  const ms =
    failures === 0
      ? refreshMs
      : Math.min(firstRetryMs * 2 ** Math.min(failures - 1, 20), maxRetryMs, refreshMs);
  return Math.round(ms * (1 - jitter + 2 * jitter * random));
}
