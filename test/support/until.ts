// Waiting without sleeping, and without keeping the processor from what is waited for.

const deadlineMs = 60_000;
/** Mostly it is a matter of a few turns of the event loop. */
const turns = 20;
/** Afterwards it is looked at so often. */
const lookMs = 1;

/** Waits for a condition to hold; rejects after a minute. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  for (let turn = 0; !holds(); turn += 1) {
    if (Date.now() > deadline) throw new Error(`gave up waiting until ${what}`);
    // oxlint-disable-next-line no-await-in-loop -- waiting is what it is for
    await new Promise((resolve) => (turn < turns ? setImmediate(resolve) : setTimeout(resolve, lookMs)));
  }
}

/** The same, for conditions that say themselves what they are. */
export async function untilHolds(holds: () => boolean): Promise<void> {
  await until(String(holds), holds);
}
