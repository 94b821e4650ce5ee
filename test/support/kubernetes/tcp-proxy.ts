// A TCP proxy between a client and an API server that can fail the way networks do. Entry: startTcpProxy.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Open connections stay open, but nothing passes any more. New ones work. */
  freeze(): void;
  /** Resets open connections and refuses new ones, until `mend`. */
  cut(): void;
  mend(): void;
  stop(): Promise<void>;
}

/** `localAddress`: from where it connects. Default: 127.0.0.1. */
export async function startTcpProxy(targetPort: number, localAddress = '127.0.0.1'): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isCut = false;
  const server = createServer((client) => {
    if (isCut) {
      client.resetAndDestroy();
      return;
    }
    const pair = [client, connect({ port: targetPort, host: '127.0.0.1', localAddress })] as const;
    pairs.add(pair);
    join(pair, () => pairs.delete(pair));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const reset = (): void => {
    for (const socket of [...pairs].flat()) socket.resetAndDestroy();
  };
  return {
    port: address.port,
    freeze: () => {
      for (const [client, target] of pairs) freezePair(client, target);
    },
    cut: () => {
      isCut = true;
      reset();
    },
    mend: () => {
      isCut = false;
    },
    stop: async () => {
      server.close();
      reset();
      await once(server, 'close');
    },
  };
}

function join([client, target]: readonly [Socket, Socket], closed: () => void): void {
  client.pipe(target).pipe(client);
  for (const [from, to] of [
    [client, target],
    [target, client],
  ] as const) {
    // A reset on one side is a reset on the other.
    from.on('error', () => to.destroy());
    from.on('close', () => {
      to.destroy();
      closed();
    });
  }
}

function freezePair(client: Socket, target: Socket): void {
  client.unpipe(target).pause();
  target.unpipe(client).pause();
}
