// Where connections come in: a listening socket of our own in front of grpc-js, which would let the kernel queue 511 of them
// and drop the rest, to be tried again after seconds. A thousand proxies that come at once are let in a few in each turn of
// the event loop: a TLS handshake takes a millisecond of it, and others wait meanwhile.
import { createServer, type Server, type Socket } from 'node:net';

export interface AcceptorOptions {
  /** Connections let in with each turn of the event loop. Default: 4. */
  readonly perTurn: number;
  /** Connections that the kernel keeps until they are accepted; it may have a lower limit of its own. Default: 4,096. */
  readonly backlog: number;
}

const defaults: AcceptorOptions = { perTurn: 4, backlog: 4_096 };

export class Acceptor {
  private readonly options: AcceptorOptions;
  private readonly accept: (connection: Socket) => void;
  private readonly server: Server;
  private readonly waiting = new Set<Socket>();
  private isAccepting = false;

  constructor(accept: (connection: Socket) => void, options: Partial<AcceptorOptions> = {}) {
    this.accept = accept;
    this.options = { ...defaults, ...options };
    // Nothing is read before it is let in.
    this.server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) =>
      this.onConnection(socket),
    );
  }

  /** `address`: `10.0.0.1:15010` or `[::]:15010`; port 0 takes a free one. Resolves with the port. */
  async open(address: string): Promise<number> {
    const at = address.lastIndexOf(':');
    const host = address.slice(0, at).replaceAll(/[[\]]/g, '');
    const port = Number(address.slice(at + 1));
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host, port, backlog: this.options.backlog }, resolve);
    });
    const bound = this.server.address();
    return bound !== null && typeof bound === 'object' ? bound.port : port;
  }

  /** Lets nobody in any more. Connections that were let in stay. */
  close(): void {
    this.server.close();
    for (const socket of this.waiting) socket.destroy();
    this.waiting.clear();
  }

  private onConnection(socket: Socket): void {
    this.waiting.add(socket);
    const forget = (): void => void this.waiting.delete(socket);
    socket.once('close', forget);
    // Whoever resets the connection while it waits harms nobody.
    socket.on('error', forget);
    if (!this.isAccepting) this.plan();
  }

  private plan(): void {
    this.isAccepting = true;
    setImmediate(() => this.acceptSome());
  }

  private acceptSome(): void {
    let places = this.options.perTurn;
    for (const socket of this.waiting) {
      if (places === 0) break;
      places -= 1;
      this.waiting.delete(socket);
      this.accept(socket.resume());
    }
    this.isAccepting = false;
    if (this.waiting.size > 0) this.plan();
  }
}
