// What a scenario measures, and how several measurements of the same become one row. Pure.
import { quantile } from './protocol.ts';

/** Several values: one for each round. */
export type Figure = number | readonly number[];

/** By name; the unit is in the name. */
export type Figures = Readonly<Record<string, Figure>>;

export interface Row {
  readonly figure: string;
  readonly median: number;
  /** The smallest and the largest; null: there was one measurement only. */
  readonly spread: readonly [number, number] | null;
}

/** `runs`: of the same scenario. The spread is that of the runs, or of the rounds of a single one. */
export function rowsOf(runs: readonly Figures[]): readonly Row[] {
  return Object.keys(runs[0] ?? {}).map((figure) => {
    const values = runs.map((run) => run[figure] ?? Number.NaN);
    const [only] = values;
    const measured =
      values.length === 1 && typeof only === 'object' ? only : values.map((value) => medianOf(value));
    const median = medianOf(measured);
    const spread = measured.length < 2 ? null : ([quantile(measured, 0), quantile(measured, 1)] as const);
    return { figure, median, spread };
  });
}

/** Of an even number of values the mean of the two in the middle. */
export function medianOf(figure: Figure): number {
  if (typeof figure === 'number') return figure;
  const sorted = figure.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}
