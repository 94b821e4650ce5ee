// An application of the end-to-end tests, in a pod: HTTP/1.1 on 8080, HTTP/2 (with gRPC health checks) on 8081, and a
// TCP server that speaks first on 9000, which also answers datagrams. /state?ready=false makes /ready fail. A program of
// its own: it imports nothing but Node.
// /slow takes 800 ms.
//   node server.ts [--end deaf|shutdown|linger] [--delay <ms>] [--ports 8080,8081,9000]
import { createSocket } from 'node:dgram';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import { createServer as createTcpServer, Server } from 'node:net';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';

const { values: settings } = parseArgs({
  options: {
    /**
     * On SIGTERM. deaf: stop listening at once, answer what comes on connections that are there for 4 s more, and end. Before
     * that it accepts what waits to be accepted: the kernel would reset it, and nobody may repeat its requests.
     * shutdown: as `server.close()` of Node does it, close those that look idle as well. linger: go on as before for 8 s.
     */
    end: { type: 'string', default: 'deaf' },
    delay: { type: 'string', default: '0' },
    ports: { type: 'string', default: '8080,8081,9000' },
  },
});
const [httpPort = 8080, http2Port = 8081, tcpPort = 9000] = settings.ports.split(',').map(Number);
const delayMs = Number(settings.delay);
const slowMs = 800;
// Longer than a call takes when a machine of two cores also starts pods: what began before the end has to be answered.
const deafMs = 4000;
const lingerMs = 8000;
let isEnding = false;
let isReady = true;

function delayOf(path: string | undefined): number {
  return path === '/slow' ? slowMs : delayMs;
}

/** What the caller is told: who answers, and what arrived. */
function seen(protocol: string, headers: IncomingHttpHeaders, more: object): string {
  return JSON.stringify({ pod: hostname(), protocol, headers, ...more });
}

const http = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    setTimeout(() => {
      // What is still answered ends its connection, too.
      if (isEnding && settings.end !== 'linger') response.setHeader('connection', 'close');
      const { method, url = '/', headers, socket } = request;
      if (url.startsWith('/state')) isReady = url.endsWith('ready=true');
      if (url.startsWith('/ready') && !isReady) response.statusCode = 503;
      const received = Buffer.concat(chunks).length;
      response.end(seen('HTTP/1.1', headers, { method, url, received, peer: socket.remoteAddress }));
    }, delayOf(request.url));
  });
});
// Whoever is in front keeps idle connections for longer: closing them first would race with its next request.
http.keepAliveTimeout = 0;

/** The one answer to grpc.health.v1.Health/Check: SERVING. */
const serving = Buffer.from([0, 0, 0, 0, 2, 8, 1]);

const sessions = new Set<ServerHttp2Session>();
const http2 = createHttp2Server();
http2.on('session', (session) => {
  sessions.add(session);
  session.once('close', () => sessions.delete(session));
});
http2.on('stream', (stream, headers) => {
  let received = 0;
  stream.on('error', () => undefined);
  stream.on('data', (chunk: Buffer) => (received += chunk.length));
  stream.on('end', () => {
    if (headers[':path'] === '/grpc.health.v1.Health/Check') {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(serving);
      return;
    }
    setTimeout(() => {
      if (stream.destroyed) return;
      stream.respond({ ':status': 200, 'content-type': 'application/json' });
      const { ':method': method, ':path': url } = headers;
      stream.end(seen('HTTP/2', headers, { method, url, received }));
    }, delayOf(headers[':path']));
  });
});

const tcp = createTcpServer((socket) => {
  socket.on('error', () => undefined);
  socket.write(`hello from ${hostname()}\n`);
  socket.pipe(socket);
});

const servers: readonly (readonly [Server, number])[] = [
  [http, httpPort],
  [http2, http2Port],
  [tcp, tcpPort],
];
for (const [server, port] of servers) server.listen(port, '0.0.0.0');

const udp = createSocket('udp4');
udp.on('message', (message, { port, address }) => udp.send(`echo ${message.toString()}`, port, address));
udp.bind(tcpPort);

process.once('SIGTERM', () => {
  isEnding = true;
  if (settings.end === 'linger') setTimeout(() => process.exit(), lingerMs);
  else if (settings.end === 'shutdown') endWhenAnswered();
  else acceptWaiting(stopListening);
});

/** libuv accepts one connection in a turn of its loop: so many turns as may wait, and some more. */
function acceptWaiting(then: () => void, turns = 50): void {
  if (turns === 0) then();
  else setImmediate(() => acceptWaiting(then, turns - 1));
}

function stopListening(): void {
  // Not the method of its own class, which would close connections, too.
  for (const [server] of servers) Server.prototype.close.call(server);
  setTimeout(endWhenAnswered, deafMs);
}

function endWhenAnswered(): void {
  for (const session of sessions) session.close();
  http.closeIdleConnections();
  const closed = servers.map(
    ([server]) => new Promise<void>((resolve) => void server.close(() => resolve())),
  );
  void Promise.all(closed).then(() => process.exit());
}
