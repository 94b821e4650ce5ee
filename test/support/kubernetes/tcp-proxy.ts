// A TCP proxy between a client and an API server that can fail the way networks do. Entry: startTcpProxy.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { JoinedSockets } from '../joined-sockets.ts';

export interface TcpProxy {
  readonly port: number;
  /** Open connections stay open, but nothing passes any more. New ones work. */
  freeze(): void;
  /** Resets open connections and refuses new ones, until `mend`. */
  cut(): void;
  mend(): void;
  stop(): Promise<void>;
}

/** `targets`: ports, each connection the next one. `localAddress`: from where it connects. Default: 127.0.0.1. */
export async function startTcpProxy(
  targets: number | readonly number[],
  localAddress = '127.0.0.1',
): Promise<TcpProxy> {
  const sockets = new JoinedSockets();
  const ports = [targets].flat();
  let accepted = 0;
  let isCut = false;
  const server = createServer((client) => {
    if (isCut) {
      client.resetAndDestroy();
      return;
    }
    const port = ports[accepted % ports.length] ?? 0;
    accepted += 1;
    sockets.join(client, connect({ port, host: '127.0.0.1', localAddress }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    port: address.port,
    freeze: () => sockets.freeze(),
    cut: () => {
      isCut = true;
      sockets.reset();
    },
    mend: () => {
      isCut = false;
    },
    stop: async () => {
      server.close();
      sockets.reset();
      await once(server, 'close');
    },
  };
}
