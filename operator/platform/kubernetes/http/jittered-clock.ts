// Time and chance as a port, so that tests move them by hand.
import { type Clock, systemClock } from '../../../process/clock.ts';

export interface JitteredClock extends Clock {
  /** At least 0, less than 1. */
  random(): number;
}

export const systemJitteredClock: JitteredClock = { ...systemClock, random: () => Math.random() };
