// A host outside the mesh: `host.ts <name> <tls port> <plaintext port> <certificate> <key>`. Answers requests, over TLS and in plaintext,
// with its name and what it saw.
import { createServer as createPlain, type RequestListener } from 'node:http';
import { createServer as createTls } from 'node:https';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

const [, , name = '', tlsPort = '', plainPort = '', certificate = '', key = ''] = process.argv;

const serverNameOf = (socket: Socket | TLSSocket): string | null =>
  'servername' in socket && typeof socket.servername === 'string' ? socket.servername : null;

const answer: RequestListener = ({ headers, socket, url = '' }, response) => {
  const seen = {
    host: name,
    authority: headers.host,
    sni: serverNameOf(socket),
    tls: 'encrypted' in socket,
    url,
    headers,
  };
  process.stdout.write(`${'encrypted' in socket ? 'encrypted' : 'plaintext'} ${url}\n`);
  response.setHeader('content-type', 'application/json').end(JSON.stringify(seen));
};

const servers = [
  createTls({ cert: readFileSync(certificate), key: readFileSync(key) }, answer).listen(
    Number(tlsPort),
    '::',
  ),
  createPlain(answer).listen(Number(plainPort), '::'),
];
// A sidecar keeps idle connections for longer: closing them first would race with the next request.
for (const server of servers) server.keepAliveTimeout = 0;
let left = servers.length;
for (const server of servers) {
  server.on('listening', () => {
    left -= 1;
    if (left === 0) process.stdout.write('listening\n');
  });
}
