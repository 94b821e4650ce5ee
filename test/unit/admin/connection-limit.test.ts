import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { limitConnections } from '../../../operator/admin/connection-limit.ts';
import { poll } from '../../support/kubernetes/poll.ts';

let server: Server;
let taken: Socket[];
let made: Socket[];

beforeEach(async () => {
  taken = [];
  made = [];
  server = createServer((socket) => void taken.push(socket.on('error', () => undefined)));
  limitConnections(server, { perAddress: 4, total: 8 });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
});

afterEach(async () => {
  for (const socket of [...made, ...taken]) socket.destroy();
  const closed = once(server, 'close');
  server.close();
  await closed;
});

/** Connections of an address of this machine's loopback network. */
async function hold(localAddress: string, count: number): Promise<readonly Socket[]> {
  const { port } = server.address() as AddressInfo;
  const sockets = Array.from({ length: count }, () =>
    connect({ host: '127.0.0.1', port, localAddress }).on('error', () => undefined),
  );
  made.push(...sockets);
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return sockets;
}

async function untilOpen(sockets: readonly Socket[], count: number): Promise<void> {
  const isSo = (): boolean => sockets.filter((socket) => !socket.resume().closed).length === count;
  await poll(() => Promise.resolve(isSo() || undefined), { intervalMs: 5, deadlineMs: 60_000 });
}

test('an address that has its share gets no more', async () => {
  const sockets = await hold('127.0.0.2', 6);
  await untilOpen(sockets, 4);

  expect(sockets.filter(({ closed }) => closed)).toHaveLength(2);
});

test('many addresses together do not keep another one out: the one with the most loses its oldest', async () => {
  const greedy = await hold('127.0.0.2', 4);
  const modest = [...(await hold('127.0.0.3', 2)), ...(await hold('127.0.0.4', 2))];

  const kubelet = await hold('127.0.0.1', 1);
  await untilOpen(greedy, 3);
  await untilOpen(modest, 4);
  await untilOpen(kubelet, 1);

  expect(greedy[0]?.closed).toBe(true);
});
