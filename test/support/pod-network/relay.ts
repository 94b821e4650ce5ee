// Out of a network namespace without a cable to this machine: what connects to the address goes on to a Unix socket,
// which every namespace sees. Run by network.ts: `relay.ts <address> <port> <socket>`.
import { connect, createServer } from 'node:net';
import { JoinedSockets } from '../joined-sockets.ts';

const [, , address = '', port = '', path = ''] = process.argv;

const sockets = new JoinedSockets();
createServer((inner) => sockets.join(inner, connect(path))).listen(Number(port), address, () =>
  process.stdout.write('listening\n'),
);
