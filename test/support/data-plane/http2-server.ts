// An application of HTTP/2 without TLS. Entry: startHttp2Server.
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Closing } from './closing.ts';

/** raw: names and values in turns, as they came. */
type Answer = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, raw: string[]) => void;

/** Resolves to its port. */
export async function startHttp2Server(
  closing: Closing,
  answer: Answer,
  options: ServerOptions = {},
): Promise<number> {
  const server = createServer(options);
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream: ServerHttp2Stream, headers, flags, raw: string[]) => {
    stream.on('error', () => undefined);
    answer(stream, headers, flags, raw);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.add(async () => {
    for (const session of sessions) session.destroy();
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}
