// When the issuer looks again. Pure. Times are in ms since 1970.
import type { RootRotationIr } from '../ir/mesh-ir.ts';
import { dueByAgeMs, type RootFacts } from './rotation.ts';

/** While a root is rotated, operators look so often how far that is. */
const rotatingMs = 5_000;
/** While another operator may be about to write the list of revoked certificates, those that do not lead look so often. */
const watchEveryMs = 5_000;
const firstRetryMs = 1_000;
const maxRetryMs = 60_000;

export interface Appointments {
  readonly now: number;
  /** In a row. */
  readonly failedRounds: number;
  readonly isRotating: boolean;
  readonly isWatching: boolean;
  /** What is due next, by whatever it is; undefined: nothing of that kind. */
  readonly due: readonly (number | undefined)[];
  /** When the list of revoked certificates is due; counts while nobody watches it. */
  readonly listDue: number | undefined;
}

/** How long the issuer sleeps. */
export function sleepMs({ now, failedRounds, isRotating, isWatching, due, listDue }: Appointments): number {
  if (failedRounds > 0) return Math.min(firstRetryMs * 2 ** (failedRounds - 1), maxRetryMs);
  const list = isWatching ? now + watchEveryMs : listDue;
  const next = earliest([...due, list, isRotating ? now + rotatingMs : undefined]) ?? now;
  return Math.max(next - now, firstRetryMs);
}

/** When a rotation of the root will begin; undefined: not that anybody knows. All operators are to notice its first step soon. */
export function rotationDueMs(
  facts: RootFacts | undefined,
  wish: RootRotationIr | undefined,
  now: number,
): number | undefined {
  if (facts === undefined || wish === undefined) return undefined;
  const times = [wish.issuedAfterMs ?? 0, dueByAgeMs(facts, wish)];
  return earliest(times.filter((time) => time !== undefined && time > now));
}

export function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
