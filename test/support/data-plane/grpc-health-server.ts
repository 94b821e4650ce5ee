// An application of HTTP/2 without TLS that answers every call as a server of gRPC's health protocol does.
import { once } from 'node:events';
import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Closing } from './closing.ts';

/** Resolves to its port. */
export async function startGrpcHealthServer(
  status: 'SERVING' | 'NOT_SERVING',
  closing: Closing,
): Promise<number> {
  // A message of two bytes that is not compressed: field 1, the status, is 1 or 2.
  const message = Buffer.from([0, 0, 0, 0, 2, 0x08, status === 'SERVING' ? 1 : 2]);
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.on('wantTrailers', () => {
      stream.sendTrailers({ 'grpc-status': '0' });
    });
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.end(message);
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  closing.add(async () => {
    for (const session of sessions) session.destroy();
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
