// The gRPC services of OTLP on the xDS port by which sidecars send access logs and spans. Who sends is proven before anything is passed on.
import { type sendUnaryData, type ServerUnaryCall, status } from '@grpc/grpc-js';
import type { GrpcService } from '../xds/server/endpoint.ts';
import { asIs } from '../xds/server/service.ts';
import { readLogs, readSpans } from './read-otlp.ts';
import type { Signal, Source } from './signals.ts';

export type SignalCall = ServerUnaryCall<Buffer, Buffer>;

export interface SignalHost {
  /** Whose sidecar calls, if the node ID is proven; else why not. */
  sourceOf(call: SignalCall, nodeId: string): Source | { readonly code: status; readonly reason: string };
  take(signal: Signal): void;
  refused(why: 'caller' | 'content', peer: string, reason: string): void;
}

/** Of a message. Sidecars send 64 KB of records or 30 spans, or what they have after a second or five. */
const mostBytes = 256 * 1024;
/** All was taken. */
const taken = Buffer.alloc(0);

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
  const definition = {
    path: `/opentelemetry.proto.collector.${name}/Export`,
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  } as const;
  const answer = (call: SignalCall, done: sendUnaryData<Buffer>): void => {
    const refuse = (why: 'caller' | 'content', code: status, details: string): void => {
      host.refused(why, call.getPeer(), details);
      done({ code, details });
    };
    if (call.request.length > mostBytes)
      return refuse('content', status.INVALID_ARGUMENT, `a message has at most ${mostBytes} bytes`);
    let told: Read;
    try {
      told = read(call.request);
    } catch (error) {
      return refuse('content', status.INVALID_ARGUMENT, `the message cannot be read: ${String(error)}`);
    }
    const source = host.sourceOf(call, told.nodeId);
    if ('code' in source) return refuse('caller', source.code, source.reason);
    host.take(told.signal(source));
    done(null, taken);
  };
  return { definition: { Export: definition }, implementation: { Export: answer } };
}
