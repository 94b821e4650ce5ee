// Work that many ask for at once, and that is the same for all of them.
import type { Clock } from './clock.ts';
import { Pacer } from './pacer.ts';

/** Asks for `work`: once soon, for all who ask until then; and never so often that it takes more than a ninth of the time. */
export function throttle(work: () => void, clock: Clock): () => void {
  const pacer = new Pacer({ clock, restPerWork: 8 });
  let isPlanned = false;
  return () => {
    if (isPlanned) return;
    isPlanned = true;
    clock.after(pacer.restMs(), () => {
      isPlanned = false;
      pacer.run(work);
    });
  };
}
