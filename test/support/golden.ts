// Golden files: what a stage makes of an input, kept beside it and compared as text. `<case>.in.yaml` is written by
// people, `<case>.out.yaml` by UPDATE_GOLDEN=1.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { stringify } from 'yaml';
import { isOrigin, originLine } from './origins.ts';

const inputEnding = '.in.yaml';
const outputEnding = '.out.yaml';

/** Say this to whoever sees a difference. */
const updateCommand = 'UPDATE_GOLDEN=1 npm test';

// oxlint-disable-next-line node/no-process-env -- the one switch of the golden files; CI does not set it
const isUpdating = (process.env['UPDATE_GOLDEN'] ?? '') !== '';

/** Names of the cases in a folder, sorted. */
export function goldenCases(folder: string): readonly string[] {
  return namesEnding(folder, inputEnding);
}

export function goldenInput(folder: string, name: string): string {
  return readFileSync(join(folder, name + inputEnding), 'utf8');
}

/** Compares with `<name>.out.yaml`, or writes it. Keys are sorted, so that only values make a difference. */
export function expectGolden(folder: string, name: string, value: unknown): void {
  const path = join(folder, name + outputEnding);
  const actual = stringify(value, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false });
  if (isUpdating) {
    writeFileSync(path, actual);
    return;
  }
  const expected = namesEnding(folder, outputEnding).includes(name) ? readFileSync(path, 'utf8') : '';
  try {
    expect(actual).toBe(expected);
  } catch (error) {
    const difference = error instanceof Error ? error.message : String(error);
    throw new Error(`${path} differs. If the new output is right: ${updateCommand}\n\n${difference}`, {
      cause: error,
    });
  }
}

/**
 * The value without what says nothing, so that a new field changes only the outputs that it is about: null and empty lists
 * are left out, and an origin is one line, `TrafficPolicy/shop/reviews@4`.
 */
export function condensed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(condensed);
  if (value instanceof Map || typeof value !== 'object' || value === null) return value;
  if (isOrigin(value)) return originLine(value);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null && !(Array.isArray(item) && item.length === 0))
      .map(([key, item]) => [key, condensed(item)]),
  );
}

/** Throws (when updating: removes them) if there are outputs whose input is gone. */
export function expectNoStaleGolden(folder: string): void {
  const cases = new Set(goldenCases(folder));
  const stale = namesEnding(folder, outputEnding).filter((name) => !cases.has(name));
  if (isUpdating) {
    for (const name of stale) rmSync(join(folder, name + outputEnding));
    return;
  }
  if (stale.length > 0) {
    throw new Error(
      `${folder} has outputs without input: ${stale.join(', ')}. Remove them: ${updateCommand}`,
    );
  }
}

function namesEnding(folder: string, ending: string): string[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(ending));
  return files.map((file) => file.slice(0, -ending.length)).toSorted();
}
