// One call, from a pod, and its outcome as JSON. A program of its own: it imports nothing but Node.
//   node call.ts <url> [method] [header=value …]     http: HTTP/1.1, h2: HTTP/2 without TLS, tcp: the first bytes
//   node call.ts tls://host:port                     what a TLS handshake shows
//   node call.ts udp://host:port                     what comes back for a datagram
import { createSocket } from 'node:dgram';
import { request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

const [target = '', method = 'GET', ...pairs] = process.argv.slice(2);
const headers = Object.fromEntries(pairs.map((pair) => pair.split('=')));
const url = new URL(target);
const port = Number(url.port === '' ? 80 : url.port);
const timeoutMs = 15_000;
const start = performance.now();

function finish(outcome: object): void {
  const ms = Math.round(performance.now() - start);
  process.stdout.write(`${JSON.stringify({ ...outcome, ms })}\n`, () => process.exit());
}

function fail(error: Error & { code?: string }): void {
  finish({ error: error.code ?? error.message });
}

function http1(): void {
  const call = request(url, { method, headers, timeout: timeoutMs }, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => (body += chunk));
    response.on('end', () => finish({ status: response.statusCode, headers: response.headers, body }));
    response.on('error', fail);
  });
  call.on('timeout', () => call.destroy(new Error('timeout')));
  call.on('error', fail);
  call.end();
}

function http2(): void {
  const session = connectHttp2(`http://${url.host}`);
  session.on('error', fail);
  const stream = session.request({ ':method': method, ':path': url.pathname, ...headers });
  let status = 0;
  let body = '';
  stream.setEncoding('utf8');
  stream.setTimeout(timeoutMs, () => fail(new Error('timeout')));
  stream.on('response', (answer) => (status = answer[':status'] ?? 0));
  stream.on('data', (chunk: string) => (body += chunk));
  stream.on('error', fail);
  stream.on('end', () => finish({ status, body }));
}

function tcp(): void {
  const socket = connect(port, url.hostname);
  socket.setTimeout(timeoutMs, () => finish({ error: 'silence' }));
  socket.on('error', fail);
  socket.on('data', (data) => finish({ body: data.toString() }));
  socket.on('close', () => finish({ error: 'closed' }));
}

function tls(): void {
  const socket = connectTls({
    host: url.hostname,
    port,
    rejectUnauthorized: false,
    ALPNProtocols: ['meshwright'],
  });
  socket.setTimeout(timeoutMs, () => fail(new Error('timeout')));
  socket.on('error', fail);
  socket.on('secureConnect', () => {
    const { subjectaltname } = socket.getPeerCertificate();
    finish({ protocol: socket.getProtocol(), subjectaltname });
  });
}

function udp(): void {
  const socket = createSocket('udp4');
  setTimeout(() => finish({ error: 'silence' }), timeoutMs);
  socket.on('error', fail);
  socket.on('message', (message) => finish({ body: message.toString() }));
  socket.send('datagram', port, url.hostname);
}

const ways: Readonly<Record<string, () => void>> = {
  'http:': http1,
  'h2:': http2,
  'tcp:': tcp,
  'tls:': tls,
  'udp:': udp,
};
(ways[url.protocol] ?? (() => fail(new Error(`unknown: ${target}`))))();
