// The figures that are compared: what they are called, what they must be, and whether what somebody shows is that. Pure.
import { formatTable } from '../screen/table.ts';
import { edgesOf, quantile, type Edge, type Seen } from './mix.ts';

/** By figureKey; what a source cannot tell is absent. */
export type Readings = ReadonlyMap<string, number>;

export type What = 'requests' | '4xx' | '5xx' | 'refused' | 'p50' | 'p99';

/** A count is from `low` to `high`, which are the same; milliseconds from what the application took to what the caller waited. */
export interface Figure {
  readonly key: string;
  readonly from: string;
  /** `visitor → ratings` */
  readonly edge: string;
  readonly what: What;
  readonly low: number;
  readonly high: number;
}

/** Anybody who calls. */
export const anyone = 'all';

export function figureKey({ from, to }: Edge, what: What): string {
  return `${from} → ${to} ${what}`;
}

/** What must be counted of calls that were answered. */
export function truthOf(seen: readonly Seen[]): readonly Figure[] {
  const all = seen.flatMap((one) => edgesOf(one.part).map((edge) => ({ ...one, edge })));
  const edges = Map.groupBy(all, ({ edge }) => `${edge.from} → ${edge.to}`);
  const figures = [...edges.values()].flatMap((calls) => figuresOf(calls));
  const servers = Map.groupBy(all, ({ edge }) => edge.to);
  const totals = [...servers].map(([to, calls]) => count({ from: anyone, to }, 'requests', calls.length));
  return [...figures, ...totals];
}

function figuresOf(calls: readonly (Seen & { readonly edge: Edge })[]): readonly Figure[] {
  const [{ edge } = { edge: { from: '', to: '' } }] = calls;
  const ofClass = (from: number): number =>
    calls.filter(({ status }) => status >= from && status < from + 100).length;
  const [refused, failed] = [calls.filter(({ status }) => status === 403).length, ofClass(500)];
  const figures = [count(edge, 'requests', calls.length)];
  if (ofClass(400) > 0) figures.push(count(edge, '4xx', ofClass(400)));
  if (refused > 0) figures.push(count(edge, 'refused', refused));
  if (failed > 0) figures.push(count(edge, '5xx', failed));
  // Only of those that say how long they take.
  if (!calls.every(({ part }) => part.delayMs > 0)) return figures;
  for (const [what, share] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    const low = quantile(
      calls.map(({ part }) => part.delayMs),
      share,
    );
    const high = quantile(
      calls.map(({ tookMs }) => tookMs),
      share,
    );
    figures.push({ ...count(edge, what, low), high });
  }
  return figures;
}

function count(edge: Edge, what: What, value: number): Figure {
  return {
    key: figureKey(edge, what),
    from: edge.from,
    edge: `${edge.from} → ${edge.to}`,
    what,
    low: value,
    high: value,
  };
}

/** A count is exact; a percentile lies in the bucket of a histogram in which the truth lies, or, where it lies in several, in one of them. */
export function holds({ what, low, high }: Figure, value: number, bounds: readonly number[]): boolean {
  if (!isTime(what)) return value === low;
  const bucket = (ms: number): number => bounds.filter((bound) => bound < ms).length;
  return bucket(value) >= bucket(low) && bucket(value) <= bucket(high);
}

export interface Source {
  readonly name: string;
  readonly readings: Readings;
  /** Whether it has to tell this figure. */
  readonly tells: (figure: Figure) => boolean;
}

/** What is not the truth, or is not told, in words. */
export function mistakes(
  truth: readonly Figure[],
  sources: readonly Source[],
  bounds: readonly number[],
): readonly string[] {
  return sources.flatMap(({ name, readings, tells }) =>
    truth.filter(tells).flatMap((figure) => {
      const value = readings.get(figure.key);
      if (value === undefined) return [`${name} says nothing of ${figure.edge} ${figure.what}`];
      if (holds(figure, value, bounds)) return [];
      return [
        `${name} says ${shown(figure.what, value)} of ${figure.edge} ${figure.what}, and not ${truthText(figure)}`,
      ];
    }),
  );
}

/** A line for each figure and a column for each source; `-`: it tells nothing of it. */
export function comparison(truth: readonly Figure[], sources: readonly Source[]): readonly string[] {
  const rows = truth.map((figure) => [
    figure.edge,
    isTime(figure.what) ? `${figure.what}, ms` : figure.what,
    truthText(figure),
    ...sources.map(({ readings }) => shown(figure.what, readings.get(figure.key))),
  ]);
  return formatTable(['CALLS', 'WHAT', 'TRUTH', ...sources.map(({ name }) => name.toUpperCase())], rows);
}

function truthText({ what, low, high }: Figure): string {
  return isTime(what) ? `${low}-${high.toFixed(0)}` : String(low);
}

function shown(what: What, value: number | undefined): string {
  if (value === undefined) return '-';
  return isTime(what) ? value.toFixed(1) : String(value);
}

function isTime(what: What): boolean {
  return what === 'p50' || what === 'p99';
}
