// How many streams a connection carries. A proxy has one; whoever opens many would have as many turns as it likes.

const most = 4;

export const tooManyStreams = `a connection carries at most ${most} streams: end one first`;

export class StreamsPerConnection {
  private readonly open = new Map<string, number>();

  /** One more of the connection of that peer. Returns false if it is one too many; it is to be removed nevertheless. */
  add(peer: string): boolean {
    const count = (this.open.get(peer) ?? 0) + 1;
    this.open.set(peer, count);
    return count <= most;
  }

  remove(peer: string): void {
    const count = (this.open.get(peer) ?? 1) - 1;
    if (count === 0) this.open.delete(peer);
    else this.open.set(peer, count);
  }
}
