// A receiver of metrics over OTLP that keeps what it was sent, unread. Entry: startMetricsReceiver.
import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import type { Closing } from './closing.ts';

export interface MetricsReceiver {
  readonly port: number;
  /** The bytes of each request so far. */
  readonly requests: readonly Buffer[];
}

const asIs = (bytes: Buffer): Buffer => bytes;

export async function startMetricsReceiver(closing: Closing): Promise<MetricsReceiver> {
  const server = new Server();
  const requests: Buffer[] = [];
  const definition = {
    path: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  const answer = ({ request }: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => {
    requests.push(request);
    done(null, Buffer.alloc(0));
  };
  server.addService({ Export: definition }, { Export: answer });
  closing.add(async () => server.forceShutdown());
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return { port, requests };
}
