// How often properties are tried. The inner loop (`npm test`) draws a quarter of the values, different ones each time; `make test` draws all.

// oxlint-disable-next-line node/no-process-env -- the one switch of the properties; run.ts sets it
const isWhole = process.env['MESHWRIGHT_RUNS'] === 'all';

/** `whole`: how many values are enough to trust the property. */
export function tries(whole: number): number {
  return isWhole ? whole : Math.max(1, Math.ceil(whole / 4));
}

/** For fc.assert. Not where a seed is given and what was drawn is counted. */
export function runs(whole: number): { readonly numRuns: number } {
  return { numRuns: tries(whole) };
}
