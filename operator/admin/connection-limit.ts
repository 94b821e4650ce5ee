// Bounds how many connections a server holds, and how many of one address, so that nobody keeps the others out.
import type { Server, Socket } from 'node:net';

export interface ConnectionBounds {
  readonly perAddress: number;
  readonly total: number;
}

/** Connections beyond the bounds are closed at once. Call it before the server listens. */
export function limitConnections(server: Server, { perAddress, total }: ConnectionBounds): void {
  const open = new Map<string, number>();
  let all = 0;
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const ofAddress = open.get(address) ?? 0;
    if (ofAddress >= perAddress || all >= total) {
      socket.destroy();
      return;
    }
    all += 1;
    open.set(address, ofAddress + 1);
    socket.once('close', () => {
      all -= 1;
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}
