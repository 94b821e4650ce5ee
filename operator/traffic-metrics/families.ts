// What Prometheus is told of traffic: names of metrics, and of their labels. docs/telemetry.md has the table for users.
import type { Metric } from '../telemetry/point.ts';

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'histogram';
}

export const families = {
  requests: counter('requests_total', 'HTTP requests that have ended.'),
  duration: {
    name: 'meshwright_request_duration_seconds',
    help: 'Time from the first byte of a request to the last byte of its response.',
    type: 'histogram',
  },
  requestBytes: counter('request_bytes_total', 'Bytes of the bodies of requests.'),
  responseBytes: counter('response_bytes_total', 'Bytes of the bodies of responses.'),
  connections: counter('tcp_connections_total', 'TCP connections that have ended.'),
  receivedBytes: counter('tcp_received_bytes_total', 'Bytes that callers sent on TCP connections.'),
  sentBytes: counter('tcp_sent_bytes_total', 'Bytes that callers got on TCP connections.'),
} as const satisfies Readonly<Record<string, Family>>;
export type FamilyName = keyof typeof families;
export const familyNames: readonly FamilyName[] = [
  'requests',
  'duration',
  'requestBytes',
  'responseBytes',
  'connections',
  'receivedBytes',
  'sentBytes',
];

const byWhat: Readonly<Record<string, FamilyName>> = {
  requests: 'requests',
  duration: 'duration',
  request_bytes: 'requestBytes',
  response_bytes: 'responseBytes',
  connections: 'connections',
  received_bytes: 'receivedBytes',
  sent_bytes: 'sentBytes',
};

/** null: it is not for Prometheus. */
export function familyOf(metric: Metric): FamilyName | null {
  return byWhat[metric.slice(metric.indexOf('.') + 1)] ?? null;
}

/** In the order in which they are shown. A series has no label whose value is ''. */
export const labelNames = [
  'reporter',
  'source_namespace',
  'source_workload',
  'source_service_account',
  'destination_namespace',
  'destination_workload',
  'destination_service_account',
  'destination_service_namespace',
  'destination_service',
  'destination_subset',
  'response_class',
  'grpc_status',
  'mtls',
  'port',
  'route',
  'response_code',
  'response_flags',
] as const;
export type LabelName = (typeof labelNames)[number];

/** Those that a Mesh asks for, as it names them. */
export const extraLabels = {
  Port: 'port',
  Route: 'route',
  ResponseCode: 'response_code',
  ResponseFlags: 'response_flags',
} as const satisfies Readonly<Record<string, LabelName>>;
export type ExtraLabel = keyof typeof extraLabels;

function counter(name: string, help: string): Family {
  return { name: `meshwright_${name}`, help, type: 'counter' };
}
