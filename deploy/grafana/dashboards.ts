// What the dashboards show: the mesh, a Service, a workload, the operator. Pure.
import type { Dashboard, Panel, Variable } from './panel.ts';

const range = '$__rate_interval';

/** `sum by (...) (rate(metric{...}))` */
function rate(metric: string, selector: string, by: string): string {
  return `sum by (${by}) (rate(${metric}{${selector}}[${range}]))`;
}

function quantile(q: number, selector: string, by: string): string {
  return `histogram_quantile(${q}, ${rate('meshwright_request_duration_seconds_bucket', selector, `${by}, le`)})`;
}

function success(selector: string, by: string): string {
  const good = rate('meshwright_requests_total', `${selector}, response_class!~"5xx|none"`, by);
  return `${good} / ${rate('meshwright_requests_total', selector, by)}`;
}

function panel(title: string, unit: string, expression: string, legend: string): Panel {
  return { title, unit, queries: [{ expression, legend }] };
}

/** Requests, success, durations and connections of what the selector chooses, one line for each of `by`. */
function golden(selector: string, by: string, legend: string): readonly Panel[] {
  return [
    panel('Requests', 'reqps', rate('meshwright_requests_total', selector, by), legend),
    panel('Requests without an error (no 5xx, and a response)', 'percentunit', success(selector, by), legend),
    panel('Duration, median', 's', quantile(0.5, selector, by), legend),
    panel('Duration, 99th percentile', 's', quantile(0.99, selector, by), legend),
    panel('Bytes of responses', 'Bps', rate('meshwright_response_bytes_total', selector, by), legend),
    panel('Bytes of requests', 'Bps', rate('meshwright_request_bytes_total', selector, by), legend),
    panel('TCP connections ended', 'short', rate('meshwright_tcp_connections_total', selector, by), legend),
    panel('TCP bytes sent to callers', 'Bps', rate('meshwright_tcp_sent_bytes_total', selector, by), legend),
  ];
}

const service = 'destination_service_namespace, destination_service';
const serviceLegend = '{{destination_service_namespace}}/{{destination_service}}';
const caller = 'source_namespace, source_workload';
const callerLegend = '{{source_namespace}}/{{source_workload}}';
const callee = 'destination_namespace, destination_workload';
const calleeLegend = '{{destination_namespace}}/{{destination_workload}}';

function chosen(name: string, label: string, query: string): Variable {
  return { name, label, query };
}

const mesh: Dashboard = {
  id: 'mesh',
  title: 'Mesh',
  description: 'All Services, as their callers see them.',
  variables: [],
  panels: [
    ...golden('reporter="source"', service, serviceLegend),
    panel(
      'Requests by response',
      'reqps',
      rate('meshwright_requests_total', 'reporter="source"', 'response_class'),
      '{{response_class}}',
    ),
    panel(
      'Requests by mutual TLS',
      'reqps',
      rate('meshwright_requests_total', 'reporter="destination"', 'mtls'),
      'mutual TLS: {{mtls}}',
    ),
  ],
};

const ofService =
  'reporter="source", destination_service_namespace="$namespace", destination_service="$service"';

const services: Dashboard = {
  id: 'service',
  title: 'Service',
  description: 'One Service, by caller.',
  variables: [
    chosen(
      'namespace',
      'Namespace',
      'label_values(meshwright_requests_total, destination_service_namespace)',
    ),
    chosen(
      'service',
      'Service',
      'label_values(meshwright_requests_total{destination_service_namespace="$namespace"}, destination_service)',
    ),
  ],
  panels: [
    ...golden(ofService, caller, callerLegend).slice(0, 6),
    panel(
      'Requests by response',
      'reqps',
      rate('meshwright_requests_total', ofService, 'response_class'),
      '{{response_class}}',
    ),
    panel(
      'Requests by subset',
      'reqps',
      rate('meshwright_requests_total', ofService, 'destination_subset'),
      '{{destination_subset}}',
    ),
  ],
};

const called = 'reporter="destination", destination_namespace="$namespace", destination_workload="$workload"';
const calls = 'reporter="source", source_namespace="$namespace", source_workload="$workload"';

const workloads: Dashboard = {
  id: 'workload',
  title: 'Workload',
  description: 'One workload: who calls it, as its own sidecar sees it, and what it calls.',
  variables: [
    chosen('namespace', 'Namespace', 'label_values(meshwright_requests_total, destination_namespace)'),
    chosen(
      'workload',
      'Workload',
      'label_values(meshwright_requests_total{destination_namespace="$namespace"}, destination_workload)',
    ),
  ],
  panels: [
    ...titled('Called', golden(called, caller, callerLegend).slice(0, 4)),
    ...titled('Calls', golden(calls, service, serviceLegend).slice(0, 4)),
    panel(
      'Called: requests by response',
      'reqps',
      rate('meshwright_requests_total', called, 'response_class'),
      '{{response_class}}',
    ),
    panel(
      'Called: requests by mutual TLS',
      'reqps',
      rate('meshwright_requests_total', called, `mtls, ${callee}`),
      `${calleeLegend} {{mtls}}`,
    ),
  ],
};

function titled(prefix: string, panels: readonly Panel[]): readonly Panel[] {
  return panels.map((it) => ({ ...it, title: `${prefix}: ${it.title}` }));
}

const operator: Dashboard = {
  id: 'operator',
  title: 'Operator',
  description: 'The control plane: sidecars, changes, certificates, and its own health.',
  variables: [],
  panels: [
    panel('Connected sidecars', 'short', 'sum by (pod, instance) (meshwright_xds_streams)', '{{instance}}'),
    panel('Responses sent', 'short', rate('meshwright_xds_pushes_total', '', 'type'), '{{type}}'),
    panel(
      'Time until all sidecars have a change, 99th percentile',
      's',
      `histogram_quantile(0.99, sum by (le) (increase(meshwright_convergence_seconds_bucket[1h])))`,
      'p99 of the last hour',
    ),
    panel(
      'Responses rejected by sidecars',
      'short',
      'sum(meshwright_xds_nacks_total) or vector(0)',
      'rejected',
    ),
    panel('Invalid resources', 'short', 'max(meshwright_resources_invalid)', 'invalid'),
    panel('Series of traffic', 'short', 'sum by (instance) (meshwright_traffic_series)', '{{instance}}'),
    panel(
      'Reports of sidecars',
      'short',
      rate('meshwright_telemetry_reports_total', '', 'result'),
      '{{result}}',
    ),
    panel(
      'Event loop delay',
      's',
      'max by (instance, statistic) (meshwright_event_loop_delay_seconds)',
      '{{instance}} {{statistic}}',
    ),
    panel(
      'CPU',
      'short',
      rate('process_cpu_seconds_total', 'job="meshwright-operator"', 'instance'),
      '{{instance}}',
    ),
    panel(
      'Memory',
      'bytes',
      'sum by (instance) (process_resident_memory_bytes{job="meshwright-operator"})',
      '{{instance}}',
    ),
  ],
};

export const dashboards: readonly Dashboard[] = [mesh, services, workloads, operator];
