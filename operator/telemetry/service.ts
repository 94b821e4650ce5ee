// The gRPC service of OTLP on the xDS port: reports of sidecars come in. Who reports is proven before anything is read.
// @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/collector/metrics/v1/metrics_service.proto
import { status } from '@grpc/grpc-js';
import { nodeIdHeader } from '../values/sidecar-names.ts';
import type { GrpcService } from '../xds/server/endpoint.ts';
import { type ExportCall, exportService, type Refusal } from '../xds/server/export-method.ts';
import { type Report, readReport } from './read-report.ts';

export const exportPath = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';

export type Reporter =
  { readonly workload: string } | { readonly workload: null; readonly code: status; readonly reason: string };

export interface TelemetryHost {
  /** Whose sidecar calls: what the node ID says is to be proven. */
  reporterOf(call: ExportCall, nodeId: string): Reporter;
  /** Null: it may report again later. */
  allow(workload: string): boolean;
  reported(workload: string, report: Report): void;
  refused(why: 'caller' | 'rate' | 'content', peer: string, reason: string): void;
}

/** Of a message. A thousand points take half of it. */
const mostBytes = 1024 * 1024;

export function telemetryService(host: TelemetryHost): GrpcService {
  return exportService(exportPath, (call) => {
    const refuse = (why: Parameters<TelemetryHost['refused']>[0], code: status, details: string): Refusal => {
      host.refused(why, call.getPeer(), details);
      return { code, details };
    };
    const reporter = host.reporterOf(call, String(call.metadata.get(nodeIdHeader)[0] ?? ''));
    if (reporter.workload === null) return refuse('caller', reporter.code, reporter.reason);
    const { workload } = reporter;
    if (!host.allow(workload))
      return refuse('rate', status.RESOURCE_EXHAUSTED, 'a sidecar may report once a second');
    return (bytes) => {
      if (bytes.length > mostBytes)
        return refuse('content', status.INVALID_ARGUMENT, `a report has at most ${mostBytes} bytes`);
      let report: Report;
      try {
        report = readReport(bytes);
      } catch (error) {
        return refuse('content', status.INVALID_ARGUMENT, `the report cannot be read: ${String(error)}`);
      }
      host.reported(workload, report);
      return null;
    };
  });
}
