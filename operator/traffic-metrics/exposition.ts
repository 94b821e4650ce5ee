// The text that Prometheus scrapes, in pieces. Pure.
// @see https://prometheus.io/docs/instrumenting/exposition_formats/
import { durationBounds } from '../values/sidecar-names.ts';
import { families, type FamilyName, familyNames, labelNames } from './families.ts';
import type { Labels } from './labels.ts';
import type { Entry, Size, TrafficRegistry } from './registry.ts';

export interface MetricsPage {
  /** Its content type. */
  readonly type: string;
  readonly pieces: Iterable<string>;
}

export const contentType = 'text/plain; version=0.0.4; charset=utf-8';

/** Lines of a piece: others have their turn after it. */
const linesAtOnce = 500;

export function* exposition(registry: Pick<TrafficRegistry, 'entries' | 'size'>): Generator<string> {
  for (const name of familyNames) {
    const { name: metric, help, type } = families[name];
    let lines: string[] = [`# HELP ${metric} ${help}`, `# TYPE ${metric} ${type}`];
    for (const entry of registry.entries(name)) {
      lines.push(...linesOf(metric, entry));
      if (lines.length < linesAtOnce) continue;
      yield joined(lines);
      lines = [];
    }
    yield joined(lines);
  }
  yield joined(sizeLines(registry.size));
}

/** How near the limit is. */
function sizeLines({ series, most, folded, narrowed }: Size): readonly string[] {
  const workloads = narrowed.flatMap(({ owner: { reporter, namespace, workload }, folded: own }) =>
    [...own].map((label) => {
      const ofWhom = `reporter="${escaped(reporter)}",namespace="${escaped(namespace)}",workload="${escaped(workload)}"`;
      return `meshwright_traffic_workload_folded{${ofWhom},label="${label}"} 1`;
    }),
  );
  const labels = [...folded].map((name) => `meshwright_traffic_label_folded{label="${name}"} 1`);
  return [
    '# HELP meshwright_traffic_series Series of traffic on this page.',
    '# TYPE meshwright_traffic_series gauge',
    `meshwright_traffic_series ${series}`,
    '# HELP meshwright_traffic_series_limit How many there may be: spec.telemetry.metrics.maxSeries of the Mesh.',
    '# TYPE meshwright_traffic_series_limit gauge',
    `meshwright_traffic_series_limit ${most}`,
    '# HELP meshwright_traffic_label_folded Labels that are other in all series, because there would be too many.',
    '# TYPE meshwright_traffic_label_folded gauge',
    ...labels,
    '# HELP meshwright_traffic_workload_folded Labels that are other in what a workload reports, because it has more than its share.',
    '# TYPE meshwright_traffic_workload_folded gauge',
    ...workloads,
  ];
}

function joined(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function linesOf(metric: string, { family, labels, values }: Entry): readonly string[] {
  const text = labelText(labels);
  if (!isHistogram(family)) return [`${metric}{${text}} ${String(values[0] ?? 0)}`];
  const lines: string[] = [];
  let count = 0;
  for (const [at, bound] of [...durationBounds, Infinity].entries()) {
    count += values[at] ?? 0;
    const le = bound === Infinity ? '+Inf' : String(bound / 1000);
    lines.push(`${metric}_bucket{${text},le="${le}"} ${count}`);
  }
  const sum = (values.at(-1) ?? 0) / 1000;
  return [...lines, `${metric}_sum{${text}} ${sum}`, `${metric}_count{${text}} ${count}`];
}

function isHistogram(family: FamilyName): boolean {
  return families[family].type === 'histogram';
}

function labelText(labels: Labels): string {
  return labelNames
    .flatMap((name) => {
      const value = labels[name] ?? '';
      return value === '' ? [] : [`${name}="${escaped(value)}"`];
    })
    .join(',');
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
