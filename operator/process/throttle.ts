// Work that many ask for at once, and that is the same for all of them. Timers are passed in.
import type { Timer } from './settle.ts';

/** For each millisecond that it took nothing is done for so many. */
const restPerWork = 8;

/** Asks for `work`: once soon, for all who ask until then; and never so often that it takes more than a ninth of the time. */
export function throttle(
  work: () => void,
  timer: Timer,
  nowMs = (): number => performance.now(),
): () => void {
  let isPlanned = false;
  let notBeforeMs = 0;
  const run = (): void => {
    isPlanned = false;
    const startMs = nowMs();
    work();
    const endMs = nowMs();
    notBeforeMs = endMs + restPerWork * (endMs - startMs);
  };
  return () => {
    if (isPlanned) return;
    isPlanned = true;
    timer(Math.max(0, notBeforeMs - nowMs()), run);
  };
}
