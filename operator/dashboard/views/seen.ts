// When, and over how long, something was seen. Pure.
import type { Seen } from './json.ts';
import type { Source } from './source.ts';

export function seenAt({ ir, observations, nowMs }: Source, seconds: number): Seen {
  const hasHistory = ir?.settings.prometheusUrl !== undefined;
  return { at: isoOf(nowMs), since: isoOf(observations.sinceMs()), seconds, hasHistory };
}

export function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
