// What Prometheus told, put together for a page. Pure.
import type { HistoryPoint, HistoryView } from '../views/json-history.ts';
import type { Read, Series } from './answer.ts';
import type { QueryName } from './queries.ts';
import type { Range, Span } from './range.ts';

export type Reads = ReadonlyMap<QueryName, Read>;

/** `what`: whose history, in a sentence. */
export function historyView(reads: Reads, span: Span, range: Range, what: string): HistoryView {
  const all = [...reads.values()];
  const [first] = all.flatMap((read) => (read.type === 'problem' ? [read.problem] : []));
  const isEmpty = all.every((read) => seriesOf(read).length === 0);
  const nothing = `Prometheus has no data about ${what} for this time range. Check that it scrapes /metrics/traffic of the operator: see docs/telemetry.md.`;
  const points = isEmpty ? [] : pointsOf(reads, span, range);
  return withoutPoints(span, range, first ?? (isEmpty ? nothing : null), points);
}

export function withoutPoints(
  { start, end }: Span,
  { step, window }: Range,
  problem: string | null,
  points: readonly HistoryPoint[] = [],
): HistoryView {
  return { from: isoOf(start), to: isoOf(end), step, window, problem, points };
}

function pointsOf(reads: Reads, { start, end }: Span, { step }: Range): readonly HistoryPoint[] {
  const of = (name: QueryName): readonly Series[] => seriesOf(reads.get(name));
  const [requests, p50, p99, connections] = [of('requests'), of('p50'), of('p99'), of('connections')];
  const failures = requests.filter(({ labels }) => isFailure(labels['response_class']));
  return Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, at) => {
    const all = sumAt(requests, at);
    return {
      at: isoOf(start + at * step),
      requests: all,
      failures: all === null || all === 0 ? null : (sumAt(failures, at) ?? 0) / all,
      p50: millisecondsOf(sumAt(p50, at)),
      p99: millisecondsOf(sumAt(p99, at)),
      connections: sumAt(connections, at),
    };
  });
}

/** With 5xx, or without an answer: as the numbers of the last hour have it. */
function isFailure(responseClass = ''): boolean {
  return responseClass === '5xx' || responseClass === 'none';
}

function seriesOf(read: Read | undefined): readonly Series[] {
  return read?.type === 'series' ? read.series : [];
}

/** null: none has a sample there. */
function sumAt(series: readonly Series[], at: number): number | null {
  const values = series.flatMap(({ values: all }) => all[at] ?? []);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

function millisecondsOf(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000;
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
