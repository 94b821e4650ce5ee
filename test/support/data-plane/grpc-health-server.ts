// An application of HTTP/2 without TLS that answers every call as a server of gRPC's health protocol does.
import type { Closing } from './closing.ts';
import { startHttp2Server } from './http2-server.ts';

/** Resolves to its port. */
export async function startGrpcHealthServer(
  status: 'SERVING' | 'NOT_SERVING',
  closing: Closing,
): Promise<number> {
  // A message of two bytes that is not compressed: field 1, the status, is 1 or 2.
  const message = Buffer.from([0, 0, 0, 0, 2, 0x08, status === 'SERVING' ? 1 : 2]);
  return startHttp2Server(closing, (stream) => {
    stream.on('wantTrailers', () => {
      stream.sendTrailers({ 'grpc-status': '0' });
    });
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.end(message);
  });
}
