// Applications without a sidecar of their own: one that echoes what it saw, one that speaks first.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Closing } from './closing.ts';

export interface Seen {
  readonly app: string;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Answers in place of the echo. */
export type Handler = (seen: Seen, response: ServerResponse) => void;

const echo: Handler = (seen, response) => {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(seen));
};

/**
 * Answers with what it saw, as JSON, unless a handler answers instead; a WebSocket gets back what it says. Resolves to its port.
 */
export async function startApplication(app: string, closing: Closing, handler = echo): Promise<number> {
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    // A request that breaks off has nobody to answer.
    void text(request)
      .catch(() => undefined)
      .then((body) => body !== undefined && handler({ app, method, url, headers, body }, response));
  });
  // Sidecars keep idle connections for longer: closing them first would race with the next request.
  server.keepAliveTimeout = 0;
  const webSockets = new Set<Socket>();
  server.on('upgrade', (_request, socket: Socket) => {
    webSockets.add(socket);
    socket.on('error', () => undefined);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n');
    socket.pipe(socket);
  });
  closing.add(async () => {
    for (const socket of webSockets) socket.destroy();
    server.closeAllConnections();
    await closeServer(server);
  });
  return listening(server);
}

/** Greets before it has read anything, as databases and mail servers do; then echoes. Resolves to its port. */
export async function startGreeter(greeting: string, closing: Closing): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.write(greeting);
    socket.pipe(socket);
  });
  closing.add(async () => {
    for (const socket of sockets) socket.destroy();
    await closeServer(server);
  });
  return listening(server);
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  await closed;
}
