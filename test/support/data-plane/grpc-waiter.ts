// A gRPC service that does not answer, and a client of it: how deadlines are kept. Both are grpc-js itself.
import { credentials, Client, Server, ServerCredentials, status, type ServerUnaryCall } from '@grpc/grpc-js';
import type { Closing } from './closing.ts';

/** What the next call that ended looked like. */
export type WaiterSight = () => Promise<{ /** From its grpc-timeout. */ readonly deadlineMs: number }>;

const path = '/shop.Waiter/Wait';
const bytes = (value: Buffer): Buffer => value;

export async function startWaiter(
  closing: Closing,
): Promise<{ readonly port: number; readonly seen: WaiterSight }> {
  const server = new Server();
  const ended: number[] = [];
  const waiting: ((deadlineMs: number) => void)[] = [];
  const Wait = (call: ServerUnaryCall<Buffer, Buffer>): void => {
    const deadline = call.getDeadline();
    const deadlineMs = (deadline instanceof Date ? deadline.getTime() : deadline) - Date.now();
    call.on('cancelled', () => {
      const next = waiting.shift();
      if (next === undefined) ended.push(deadlineMs);
      else next(deadlineMs);
    });
  };
  const method = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  };
  server.addService({ Wait: method }, { Wait });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  closing.add(() => {
    server.forceShutdown();
    return Promise.resolve();
  });
  const seen = async (): Promise<{ readonly deadlineMs: number }> => {
    const first = ended.shift();
    return { deadlineMs: first ?? (await new Promise<number>((resolve) => waiting.push(resolve))) };
  };
  return { port, seen };
}

/** The name of the status with which the call ends. */
export async function askToWait(port: number, deadlineMs: number): Promise<string> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  try {
    const code = await new Promise<number>((resolve) => {
      const deadline = Date.now() + deadlineMs;
      client.makeUnaryRequest(path, bytes, bytes, Buffer.alloc(0), { deadline }, (error) => {
        resolve(error?.code ?? status.OK);
      });
    });
    return status[code] ?? String(code);
  } finally {
    client.close();
  }
}
