// When, and over how long, something was seen. Pure.
import type { Seen } from './json.ts';
import type { Source } from './source.ts';

export function seenAt({ observations, nowMs }: Source, seconds: number): Seen {
  return { at: isoOf(nowMs), since: isoOf(observations.sinceMs()), seconds };
}

export function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
