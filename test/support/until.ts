// Waiting without sleeping.

/** Waits for a condition to hold; rejects after a minute. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`gave up waiting until ${what}`);
    // oxlint-disable-next-line no-await-in-loop -- waiting is what it is for
    await new Promise((resolve) => setImmediate(resolve));
  }
}
