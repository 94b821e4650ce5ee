// Where connections come in: a listening socket of our own in front of grpc-js, which would let the kernel queue 511 of them
// and drop the rest, to be tried again after seconds. A thousand proxies that come at once are let in a few in each turn of
// the event loop, the addresses in turns: a TLS handshake takes a millisecond of it, and others wait meanwhile.
import { createServer, type Server, type Socket } from 'node:net';

export interface AcceptorOptions {
  /** Connections let in with each turn of the event loop. Default: 4. */
  readonly perTurn: number;
  /** Connections that the kernel keeps until they are accepted; it may have a lower limit of its own. Default: 4,096. */
  readonly backlog: number;
  /**
   * Connections of one address that are inside and have no stream of a known proxy; others wait. Default: 256, which are through
   * their handshakes in a quarter of a second; with 32, a thousand proxies behind one address took twice as long to come back.
   */
  readonly unproven: number;
  /** Connections of one address that wait; more are closed. Default: 4,096. */
  readonly waiting: number;
}

const defaults: AcceptorOptions = { perTurn: 4, backlog: 4_096, unproven: 256, waiting: 4_096 };

interface Address {
  readonly waiting: Set<Socket>;
  /** Of those inside. */
  unproven: number;
  /** Connections, waiting and inside. */
  open: number;
}

interface Connection {
  readonly address: Address;
  /** Of proxies that are known. */
  streams: number;
}

export class Acceptor {
  private readonly options: AcceptorOptions;
  private readonly accept: (connection: Socket) => void;
  private readonly server: Server;
  private readonly addresses = new Map<string, Address>();
  /** Addresses from which one may be let in, the next one first. */
  private readonly turns = new Set<Address>();
  /** Connections inside, by address and port. */
  private readonly inside = new Map<string, Connection>();
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

  /** A stream of a proxy that is known has begun (1) or ended (-1). `peer`: as gRPC says, address and port. */
  countStream(peer: string, by: 1 | -1): void {
    const connection = this.inside.get(peer);
    if (connection === undefined) return;
    const { address } = connection;
    address.unproven -= isUnproven(connection);
    connection.streams += by;
    address.unproven += isUnproven(connection);
    this.plan(address);
  }

  /** Lets nobody in any more. Connections that were let in stay. */
  close(): void {
    this.server.close();
    for (const { waiting } of this.addresses.values()) for (const socket of waiting) socket.destroy();
    this.addresses.clear();
    this.turns.clear();
  }

  private onConnection(socket: Socket): void {
    const from = socket.remoteAddress ?? '';
    const address = this.addresses.get(from) ?? { waiting: new Set(), unproven: 0, open: 0 };
    if (address.waiting.size >= this.options.waiting) {
      socket.destroy();
      return;
    }
    this.addresses.set(from, address);
    address.waiting.add(socket);
    address.open += 1;
    socket.once('close', () => {
      address.waiting.delete(socket);
      address.open -= 1;
      if (address.open === 0) this.addresses.delete(from);
    });
    // Whoever resets the connection while it waits harms nobody.
    socket.on('error', () => void address.waiting.delete(socket));
    this.plan(address);
  }

  private plan(address: Address): void {
    if (address.waiting.size > 0 && address.unproven < this.options.unproven) this.turns.add(address);
    if (this.isAccepting || this.turns.size === 0) return;
    this.isAccepting = true;
    setImmediate(() => this.acceptSome());
  }

  private acceptSome(): void {
    this.isAccepting = false;
    for (let places = this.options.perTurn; places > 0; places -= 1) {
      const [address] = this.turns;
      if (address === undefined) return;
      this.turns.delete(address);
      const [socket] = address.waiting;
      if (socket !== undefined) this.letIn(socket, address);
      this.plan(address);
    }
    const [next] = this.turns;
    if (next !== undefined) this.plan(next);
  }

  private letIn(socket: Socket, address: Address): void {
    const peer = `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`;
    const connection = { address, streams: 0 };
    address.waiting.delete(socket);
    address.unproven += 1;
    this.inside.set(peer, connection);
    socket.once('close', () => {
      this.inside.delete(peer);
      address.unproven -= isUnproven(connection);
      this.plan(address);
    });
    this.accept(socket.resume());
  }
}

function isUnproven({ streams }: Connection): 0 | 1 {
  return streams === 0 ? 1 : 0;
}
