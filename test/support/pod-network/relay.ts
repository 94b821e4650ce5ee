// Out of a network namespace without a cable to this machine: what connects to the address goes on to a Unix socket,
// which every namespace sees. Run by network.ts: `relay.ts <address> <port> <socket>`.
import { connect, createServer } from 'node:net';

const [, , address = '', port = '', path = ''] = process.argv;

createServer((inner) => {
  const outer = connect(path);
  for (const socket of [inner, outer])
    socket.on('error', () => inner.destroy(outer.destroy().errored ?? undefined));
  inner.pipe(outer).pipe(inner);
}).listen(Number(port), address, () => process.stdout.write('listening\n'));
