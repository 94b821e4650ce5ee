// Bounds how many connections a server holds, and how many of one address, so that nobody keeps the others out.
import type { Server, Socket } from 'node:net';

export interface ConnectionBounds {
  readonly perAddress: number;
  readonly total: number;
}

/**
 * A connection beyond the bound of its address is closed at once. One beyond the total takes the place of the oldest of the address that
 * has the most: many callers together keep nobody out either. Call it before the server listens.
 */
export function limitConnections(server: Server, { perAddress, total }: ConnectionBounds): void {
  /** Address → its connections, the oldest first. */
  const open = new Map<string, Set<Socket>>();
  let all = 0;

  const leave = (address: string, socket: Socket): void => {
    const own = open.get(address);
    if (own?.delete(socket) !== true) return;
    all -= 1;
    if (own.size === 0) open.delete(address);
  };

  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const own = open.get(address) ?? new Set();
    if (own.size >= perAddress) {
      socket.destroy();
      return;
    }
    open.set(address, own.add(socket));
    all += 1;
    socket.once('close', () => leave(address, socket));
    if (all <= total) return;
    const [greediest, theirs] = [...open].reduce((a, b) => (b[1].size > a[1].size ? b : a));
    const [oldest] = theirs;
    if (oldest === undefined) return;
    oldest.destroy();
    leave(greediest, oldest);
  });
}
