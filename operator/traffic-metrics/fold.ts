// Which labels have to be `other` so that there are few enough series. Pure. Entry: fold.
import { type LabelName, labelNames } from './families.ts';
import type { Labelled } from './labels.ts';
import { other } from '../telemetry/point.ts';

/** A set of labels with a value, and how many series Prometheus makes of it: a histogram has one for each bucket. */
export interface Row extends Labelled {
  readonly series: number;
}

/** What is folded last, or never: who tells, and whether it went well. */
const kept: ReadonlySet<LabelName> = new Set<LabelName>(['reporter', 'response_class', 'mtls']);

/** So that a label that was folded does not follow at once by another. */
const roomAfter = 0.8;

export function seriesOf(rows: Iterable<Row>): number {
  let sum = 0;
  for (const { series } of rows) sum += series;
  return sum;
}

/**
 * The worst label first: the one without which the fewest series are left. Those that are folded stay folded.
 * @returns labels to fold, `folded` among them; the same set if there are few enough
 */
export function fold(
  rows: readonly Row[],
  most: number,
  folded: ReadonlySet<LabelName>,
): ReadonlySet<LabelName> {
  let all = folded;
  let left = merged(rows, all);
  if (seriesOf(left) <= most) return folded;
  while (seriesOf(left) > most * roomAfter) {
    const present = left;
    const candidates = labelNames.filter((name) => !kept.has(name) && !all.has(name));
    const best = candidates
      .map((name) => ({ name, series: seriesOf(merged(present, new Set([name]))) }))
      .toSorted((a, b) => a.series - b.series)[0];
    if (best === undefined) return all;
    all = new Set([...all, best.name]);
    left = merged(present, new Set([best.name]));
  }
  return all;
}

export function foldedLabels<T extends Labelled>({ labels }: T, folded: ReadonlySet<LabelName>): T['labels'] {
  if (folded.size === 0) return labels;
  const changed: Partial<Record<LabelName, string>> = { ...labels };
  for (const name of folded) if ((changed[name] ?? '') !== '') changed[name] = other;
  return changed;
}

/** Each different set of labels once. */
function merged(rows: readonly Row[], folded: ReadonlySet<LabelName>): readonly Row[] {
  const different = new Map<string, Row>();
  for (const row of rows) {
    const labels = foldedLabels(row, folded);
    const key = keyOf(row.family, labels);
    if (!different.has(key)) different.set(key, { ...row, labels });
  }
  return [...different.values()];
}

export function keyOf(family: string, labels: Labelled['labels']): string {
  return `${family}\u0000${labelNames.map((name) => labels[name] ?? '').join('\u0000')}`;
}
