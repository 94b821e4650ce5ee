// What there is to warn of, from whoever looks for it.
import type { Problem } from '../../facts/verdicts.ts';

/** By originKey of the object. */
export type Warnings = Readonly<Record<string, readonly Problem[]>>;

/** In the order in which they are given. */
export function joinWarnings(...all: readonly Warnings[]): Warnings {
  const joined: Record<string, readonly Problem[]> = {};
  for (const warnings of all)
    for (const [key, problems] of Object.entries(warnings)) {
      const before = joined[key];
      // The only ones stay the object they are.
      joined[key] = before === undefined ? problems : [...before, ...problems];
    }
  return joined;
}
