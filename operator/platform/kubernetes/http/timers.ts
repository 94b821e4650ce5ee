// Time and chance as a port, so that tests move them by hand.
import { systemTimers as systemTime, type Timers as Time } from '../../../process/timers.ts';

export interface Timers extends Time {
  /** At least 0, less than 1. */
  random(): number;
}

export const systemTimers: Timers = { ...systemTime, random: () => Math.random() };
