// docs/telemetry.md names all metrics and labels of traffic.
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { extraLabels, families, labelNames } from '../../../operator/traffic-metrics/families.ts';

const [, page = ''] = readFileSync('docs/telemetry.md', 'utf8').split(/^## Prometheus$(.*?)^## /ms);

test('the tables list every metric and every label', () => {
  const listed = [...page.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, name]) => name);
  const extra: ReadonlySet<string> = new Set(Object.values(extraLabels));
  const more = [
    'meshwright_traffic_series',
    'meshwright_traffic_series_limit',
    'meshwright_traffic_label_folded',
    'meshwright_traffic_workload_folded',
  ];
  const names = [...Object.values(families).map(({ name }) => name), ...labelNames, ...more];
  expect(new Set(listed)).toEqual(new Set(names.filter((it) => !extra.has(it))));
  const asked = [...page.matchAll(/^\| `([A-Z][A-Za-z]+)` \|/gm)].map(([, name]) => name);
  expect(new Set(asked)).toEqual(new Set(Object.keys(extraLabels)));
});
