// Which labels have to be `other` so that there are few enough series. Pure. Entry: fold.
import { type LabelName, labelNames } from './families.ts';
import { FoldTable, type Row } from './fold-table.ts';
import type { Labelled } from './labels.ts';
import { other } from '../telemetry/point.ts';

/** What is folded last, or never: who tells, and whether it went well. */
export const kept: ReadonlySet<LabelName> = new Set<LabelName>(['reporter', 'response_class', 'mtls']);

/** So that a label that was folded does not follow at once by another. */
const roomAfter = 0.8;

export function seriesOf(rows: Iterable<Row>): number {
  let sum = 0;
  for (const { series } of rows) sum += series;
  return sum;
}

/**
 * The worst label first: the one without which the fewest series are left. Those that are folded stay folded.
 * @param never labels that are not folded
 * @returns labels to fold, `folded` among them; the same set if there are few enough
 */
export function fold(
  rows: Iterable<Row>,
  most: number,
  folded: ReadonlySet<LabelName>,
  never: ReadonlySet<LabelName> = kept,
): ReadonlySet<LabelName> {
  const table = new FoldTable([...rows]);
  for (const name of folded) table.fold(name);
  if (table.series <= most) return folded;
  let all = folded;
  while (table.series > most * roomAfter) {
    const candidates = labelNames.filter((name) => !never.has(name) && !all.has(name));
    const best = candidates
      .map((name) => ({ name, series: table.seriesWithout(name) }))
      .toSorted((a, b) => a.series - b.series)[0];
    if (best === undefined) return all;
    all = new Set([...all, best.name]);
    table.fold(best.name);
  }
  return all;
}

export function foldedLabels<T extends Labelled>({ labels }: T, folded: ReadonlySet<LabelName>): T['labels'] {
  if (folded.size === 0) return labels;
  const changed: Partial<Record<LabelName, string>> = { ...labels };
  for (const name of folded) if ((changed[name] ?? '') !== '') changed[name] = other;
  return changed;
}

export function keyOf(family: string, labels: Labelled['labels']): string {
  return `${family}\u0000${labelNames.map((name) => labels[name] ?? '').join('\u0000')}`;
}
