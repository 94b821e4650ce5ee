// Work on many things, a few of them at a time.

/** Resolves when all are done. Rejects with the first error, once what was begun has ended. */
export async function forEachAtMost<T>(
  limit: number,
  items: Iterable<T>,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    // One iterator for all: each takes the next item when it is done with one.
    // oxlint-disable-next-line no-await-in-loop
    for (let next = queue.next(); next.done !== true; next = queue.next()) await run(next.value);
  };
  const ended = await Promise.allSettled(Array.from({ length: limit }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}
