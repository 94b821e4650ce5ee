// A connection that goes on: `kept-connection.ts <address> <port> <sni>` asks over one TLS connection again and again, and says so; then how it
// ended.
import { connect } from 'node:tls';

const [, , host = '', port = '', servername = ''] = process.argv;

const intervalMs = 50;

const socket = connect({ host, port: Number(port), servername, rejectUnauthorized: false });
const ask = (): void => void socket.write(`GET / HTTP/1.1\r\nhost: ${servername}\r\n\r\n`);
socket.on('secureConnect', () => {
  process.stdout.write('listening\n');
  ask();
});
socket.on('data', () => {
  process.stdout.write('answered\n');
  setTimeout(ask, intervalMs);
});
socket.on('error', () => undefined);
socket.on('close', () => {
  process.stdout.write('ended\n');
  // Who started it ends it.
  setInterval(() => undefined, 60_000);
});
