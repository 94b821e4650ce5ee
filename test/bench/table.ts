// The table at the end of a run. Pure: returns text.
import type { Row } from './figures.ts';

export interface TableRow extends Row {
  readonly scenario: string;
  /** The most it may be. */
  readonly target: number | undefined;
}

const head = ['scenario', 'figure', 'median', 'spread', 'target', 'of target', 'met'] as const;
/** Texts; numbers stand to the right. */
const left = new Set([0, 1, 6]);

export function tableOf(title: string, rows: readonly TableRow[]): string {
  const cells = rows.map((row, index) => cellsOf(row, rows[index - 1]?.scenario !== row.scenario));
  const widths = head.map((name, column) =>
    Math.max(name.length, ...cells.map((row) => (row[column] ?? '').length)),
  );
  const lines = [head, widths.map((width) => '-'.repeat(width)), ...cells].map((row) =>
    row
      .map((text, column) =>
        left.has(column) ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return `\n${title}\n\n${lines.join('\n')}\n`;
}

function cellsOf({ scenario, figure, median, spread, target }: TableRow, isFirst: boolean): string[] {
  const isMet = target === undefined || median <= target;
  return [
    isFirst ? scenario : '',
    figure,
    short(median),
    spread === null ? '' : `${short(spread[0])} – ${short(spread[1])}`,
    target === undefined ? '' : `≤ ${short(target)}`,
    target === undefined || target === 0 ? '' : `${(median / target).toFixed(2)} ×`,
    target === undefined ? '' : isMet ? 'yes' : 'NO',
  ];
}

/** Four digits, without an exponent. */
export function short(value: number): string {
  return Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(4)));
}
