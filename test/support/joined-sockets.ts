// Pairs of sockets of which each says what the other hears, and which end together. Entry: JoinedSockets.
import type { Socket } from 'node:net';

export class JoinedSockets {
  readonly #pairs = new Set<readonly [Socket, Socket]>();

  join(a: Socket, b: Socket): void {
    const pair = [a, b] as const;
    this.#pairs.add(pair);
    a.pipe(b).pipe(a);
    for (const [from, to] of [pair, [b, a]] as const) {
      // Without a listener an error would end the process; a close follows it.
      from.on('error', () => to.destroy());
      // A half with unread data would stay open for ever once the other is gone. What it was told goes out first.
      from.on('close', () => {
        to.destroySoon();
        this.#pairs.delete(pair);
      });
    }
  }

  /** Nothing passes any more, though the sockets stay open. */
  freeze(): void {
    for (const [a, b] of this.#pairs) {
      a.unpipe(b).pause();
      b.unpipe(a).pause();
    }
  }

  reset(): void {
    for (const socket of [...this.#pairs].flat()) if (!socket.destroyed) socket.resetAndDestroy();
  }

  destroy(): void {
    for (const socket of [...this.#pairs].flat()) socket.destroy();
  }
}
