// By which vehicle fields of telemetry of a Mesh get to proxies.
import { type Cells, operator } from './vehicle-rows.ts';
import { otherGoogle, toOthers } from './vehicle-values.ts';

const lines =
  'What is written, and no policy: requests on connections that exist are written as before until these are drained, which takes as long as sidecar.drain.';

export const telemetry: readonly Cells[] = [
  ['telemetry.providers.0.name', 'others', '', operator, toOthers],
  ['telemetry.providers.0.type', 'Plugin', '', operator],
  ['telemetry.providers.0.endpoint', 'http://elsewhere.shop:4317', '', operator],
  ['telemetry.providers.0.protocol', 'HTTP', '', operator],
  ['telemetry.providers.0.metrics', true, '', operator],
  ...otherGoogle.map(([field, to]) => [field, to, '', operator] as const),
  ['telemetry.tracing.providers.0', 'second', '', operator],
  ['telemetry.tracing.percentage', 11, 'LDS', lines],
  ['telemetry.tracing.propagation', 'B3', 'LDS', lines],
  ['telemetry.tracing.sampling.0.name', 'others', '', 'Of messages: sidecars are not told.'],
  ['telemetry.tracing.sampling.0.namespaces.0', 'other', 'LDS', lines],
  ['telemetry.tracing.sampling.0.selector.matchLabels', { app: 'productpage' }, 'LDS', lines],
  ['telemetry.tracing.sampling.0.filter', "request.method == 'POST'", 'LDS', lines],
  ['telemetry.tracing.sampling.0.percentage', 6, 'LDS', lines],
  ['telemetry.accessLogs.0.providers.0', 'second', '', operator],
  ['telemetry.accessLogs.0.name', 'others', 'LDS RTDS', lines],
  [
    'telemetry.accessLogs.0.format.type',
    'Text',
    'LDS',
    lines,
    { 'telemetry.accessLogs.0.format': { type: 'JSON', text: '{path}' } },
  ],
  ['telemetry.accessLogs.0.format.fields.0', 'method', 'LDS', lines],
  ['telemetry.accessLogs.1.format.text', '{method}', 'LDS', lines],
  ['telemetry.accessLogs.0.filter', 'response.code >= 400', 'LDS', lines],
  ['telemetry.accessLogs.0.outcome', 'Failed', 'LDS', lines],
  ['telemetry.accessLogs.0.percentage', 51, 'RTDS'],
  ['telemetry.accessLogs.0.directions.0', 'Outbound', 'RTDS'],
  ['telemetry.accessLogs.0.probes', true, 'LDS', lines],
  ['telemetry.accessLogs.0.namespaces.0', 'other', 'RTDS'],
  ['telemetry.accessLogs.0.selector.matchLabels', { app: 'productpage' }, 'RTDS'],
  ['telemetry.metrics.reporters', 'Destination', 'RTDS'],
  ['telemetry.metrics.labels.0', 'Route', '', operator],
  ['telemetry.metrics.maxSeries', 1_000, '', operator],
  ['telemetry.prometheus.url', 'http://elsewhere.shop:9090', '', operator],
];
