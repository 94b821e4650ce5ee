// Connections before gRPC: how many come in with a turn of the event loop, and what becomes of those that wait.
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { Acceptor, type AcceptorOptions } from '../../../../operator/xds/server/acceptor.ts';
import { untilHolds } from '../../../support/until.ts';

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0).toReversed()) close();
});

interface Opened {
  readonly acceptor: Acceptor;
  readonly port: number;
  readonly inside: Socket[];
}

async function open(perTurn: number, options: Partial<AcceptorOptions> = {}): Promise<Opened> {
  const inside: Socket[] = [];
  const acceptor = new Acceptor((socket) => inside.push(socket), { perTurn, ...options });
  opened.push(() => {
    acceptor.close();
    for (const socket of inside) socket.destroy();
  });
  return { acceptor, port: await acceptor.open('127.0.0.1:0'), inside };
}

async function knock(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  opened.push(() => socket.destroy());
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

test('78: with one turn of the event loop only a few connections come in, in the end all of them', async () => {
  const { port, inside } = await open(2);
  const seen: number[] = [];
  const watch = (): void => {
    seen.push(inside.length);
    if (inside.length < 7) setImmediate(watch);
  };
  watch();

  await Promise.all(Array.from({ length: 7 }, () => knock(port)));
  await untilHolds(() => inside.length === 7);

  const steps = seen.map((count, index) => count - (seen[index - 1] ?? 0));
  expect(Math.max(...steps)).toBeLessThanOrEqual(2);
});

test('106: of one address so many connections are inside that have no stream of a known proxy; others come in beside them', async () => {
  const { acceptor, port, inside } = await open(4, { unproven: 2 });
  await Promise.all(Array.from({ length: 50 }, () => knock(port)));
  await knock(port, '127.0.0.2');
  await untilHolds(() => inside.length === 3);
  expect(inside.map((it) => it.remoteAddress)).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.2']);

  const peer = `127.0.0.1:${inside[0]?.remotePort ?? 0}`;
  acceptor.countStream(peer, 1);
  await untilHolds(() => inside.length === 4);
  acceptor.countStream(peer, -1);
  inside[1]?.destroy();
  await untilHolds(() => inside[1]?.closed === true);
  inside[2]?.destroy();
  await knock(port, '127.0.0.2');

  // That of the other address: of the first there are two without a stream again.
  await untilHolds(() => inside.length === 5);
  expect(inside[4]?.remoteAddress).toBe('127.0.0.2');
});

test('106: of one address so many connections wait, and more are closed', async () => {
  const { port, inside } = await open(4, { unproven: 1, waiting: 2 });
  const clients = await Promise.all(Array.from({ length: 3 }, () => knock(port)));
  const late = await knock(port);

  await new Promise((resolve) => late.once('close', resolve));

  expect(inside).toHaveLength(1);
  expect(clients.filter((it) => it.destroyed)).toEqual([]);
});

test('what a client says before it is let in is not lost', async () => {
  const { port, inside } = await open(1);
  const client = await knock(port);
  client.write('hello');
  await untilHolds(() => inside.length === 1);

  const said = await new Promise((resolve) => inside[0]?.once('data', resolve));

  expect(String(said)).toBe('hello');
});

test('who leaves while it waits is not let in', async () => {
  // Nobody is let in with a turn: all wait.
  const { port, inside, acceptor } = await open(0);
  const client = await knock(port);
  client.resetAndDestroy();
  await new Promise((resolve) => client.once('close', resolve));

  acceptor.close();

  expect(inside).toEqual([]);
});

test('a closed acceptor turns those away that wait, and keeps those inside', async () => {
  const { port, inside, acceptor } = await open(1);
  await knock(port);
  await untilHolds(() => inside.length === 1);

  acceptor.close();

  expect(inside[0]?.destroyed).toBe(false);
  const late = connect(port, '127.0.0.1');
  opened.push(() => late.destroy());
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => late.once('error', resolve));
  expect(error.code).toBe('ECONNREFUSED');
});

test('a port that is taken is an error', async () => {
  const { port } = await open(1);

  await expect(new Acceptor(() => undefined).open(`127.0.0.1:${port}`)).rejects.toThrow('EADDRINUSE');
});
