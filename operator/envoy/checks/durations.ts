// Durations: Envoy takes none that is negative or too long to count in nanoseconds. Entry: durationProblems.
import type { EnvoyMessage } from '../proto/envoy-message.ts';
import type { Problem } from './problem.ts';
import type { Place } from './walk.ts';

/** The most seconds whose nanoseconds fit in 64 bits, as Envoy counts them. */
const mostSeconds = 9_223_372_036;

export const durationTypes: ReadonlySet<string> = new Set(['google.protobuf.Duration']);

/** Of a message of this type. */
export function durationProblems({ message }: Place): readonly Problem[] {
  const text = problemOf(message);
  return text === null ? [] : [{ path: '', text }];
}

function problemOf({ seconds = 0, nanos = 0 }: EnvoyMessage): string | null {
  if (Number(seconds) < 0 || Number(nanos) < 0) return 'must not be negative';
  if (Number(nanos) >= 1e9) return 'nanos must be less than a second';
  return Number(seconds) > mostSeconds ? `must be at most ${mostSeconds} seconds` : null;
}
