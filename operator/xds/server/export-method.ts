// Export of OTLP on the xDS port: one message in, an empty one out. Who calls is asked before the message is read; gRPC has not taken it in
// by then. Entry: exportService.
import { type sendUnaryData, type ServerReadableStream, status } from '@grpc/grpc-js';
import type { GrpcService } from './endpoint.ts';
import { asIs } from './service.ts';

export type ExportCall = ServerReadableStream<Buffer, Buffer>;

export interface Refusal {
  readonly code: status;
  readonly details: string;
}

export type Begun = Refusal | ((message: Buffer) => Refusal | null);

const notOne: Refusal = { code: status.INVALID_ARGUMENT, details: 'send one message in each call' };
/** All was taken. */
const taken = Buffer.alloc(0);

/** begin: whether the caller may say anything, and what takes its message. */
export function exportService(path: string, begin: (call: ExportCall) => Begun): GrpcService {
  const answer = (call: ExportCall, done: sendUnaryData<Buffer>): void => {
    call.on('error', () => undefined);
    const begun = begin(call);
    if (typeof begun !== 'function') return done(begun);
    let isAnswered = false;
    const finish = (refusal: Refusal | null): void => {
      if (isAnswered) return;
      isAnswered = true;
      if (refusal === null) done(null, taken);
      else done(refusal);
    };
    let messages = 0;
    call.on('data', (message: Buffer) => {
      if (isAnswered) return;
      messages += 1;
      const refusal = messages === 1 ? begun(message) : notOne;
      // Whoever goes on sending is not listened to.
      if (refusal !== null) finish(refusal);
    });
    call.on('end', () => finish(messages === 1 ? null : notOne));
  };
  return { definition: { Export: { path, ...method } }, implementation: { Export: answer } };
}

/** For the caller, one message or a stream of one are the same bytes. */
const method = {
  requestStream: true,
  responseStream: false,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
} as const;
