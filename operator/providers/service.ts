// The gRPC services of OTLP on the xDS port by which sidecars send access logs and spans. That it is a sidecar is proven before a message is read,
// and whose it is, by the node ID in it, before anything is passed on.
import { status } from '@grpc/grpc-js';
import { type ExportCall, exportService, type Refusal } from '../xds/server/export-method.ts';
import type { GrpcService } from '../xds/server/endpoint.ts';
import { readLogs, readSpans } from './read-otlp.ts';
import type { Signal, Source } from './signals.ts';

export interface SignalHost {
  /** Who sends, as far as its connection proves; else why it may not. */
  senderOf(call: ExportCall): { readonly sender: string } | Unproven;
  /** Whether it may send so many bytes now. */
  allow(sender: string, bytes: number): boolean;
  /** Whose sidecar calls, if the node ID is proven; else why not. */
  sourceOf(call: ExportCall, nodeId: string): Source | Unproven;
  take(signal: Signal): void;
  refused(why: 'caller' | 'rate' | 'content', peer: string, reason: string): void;
}

export interface Unproven {
  readonly code: status;
  readonly reason: string;
}

/**
 * Of a message. Sidecars send 64 KB of records and one more, or 30 spans, or what they have after a second or five. Each may have all headers of its
 * request, 256 KB (envoy/resources/http-protocol.ts): with less, a caller could have the others refused by long ones. How many fields there may be
 * is another limit (read-otlp.ts).
 */
const mostBytes = 8 * 1024 * 1024;

export function signalServices(host: SignalHost): readonly GrpcService[] {
  const logs = service('logs.v1.LogsService', host, (bytes) => {
    const { nodeId, records } = readLogs(bytes);
    return { nodeId, signal: (source) => ({ type: 'logs', source, records }) };
  });
  const spans = service('trace.v1.TraceService', host, (bytes) => {
    const { nodeId, spans: told } = readSpans(bytes);
    return { nodeId, signal: (source) => ({ type: 'spans', source, spans: told }) };
  });
  return [logs, spans];
}

interface Read {
  readonly nodeId: string;
  readonly signal: (source: Source) => Signal;
}

function service(name: string, host: SignalHost, read: (bytes: Buffer) => Read): GrpcService {
  return exportService(`/opentelemetry.proto.collector.${name}/Export`, (call) => {
    const refuse = (why: Parameters<SignalHost['refused']>[0], code: status, details: string): Refusal => {
      host.refused(why, call.getPeer(), details);
      return { code, details };
    };
    const caller = host.senderOf(call);
    if ('code' in caller) return refuse('caller', caller.code, caller.reason);
    return (bytes) => {
      if (!host.allow(caller.sender, bytes.length))
        return refuse('rate', status.RESOURCE_EXHAUSTED, 'more logs and spans than one sidecar may send');
      if (bytes.length > mostBytes)
        return refuse('content', status.INVALID_ARGUMENT, `a message has at most ${mostBytes} bytes`);
      let told: Read;
      try {
        told = read(bytes);
      } catch (error) {
        return refuse('content', status.INVALID_ARGUMENT, `the message cannot be read: ${String(error)}`);
      }
      const source = host.sourceOf(call, told.nodeId);
      if ('code' in source) return refuse('caller', source.code, source.reason);
      host.take(told.signal(source));
      return null;
    };
  });
}
