// One proxy for a workload. A second one is refused while the first is alive: the newest does not silently win, or whoever has the
// same identity could speak for a proxy that is stopped. Whether the first is alive is asked when a second one comes: a proxy that
// lost its connection comes back before anybody has noticed. Entry: Seats.

export interface SeatsHost<Stream> {
  /** Whether its client answers. */
  isAlive(stream: Stream): Promise<boolean>;
  /** Its client is gone, whatever the network says. */
  end(stream: Stream): void;
  /** Another one is there and stays. */
  refuse(stream: Stream, holder: Stream): void;
  /** The seat may be free: it is to ask again. */
  retry(stream: Stream): void;
}

interface Seat<Stream> {
  readonly holder: Stream;
  readonly waiting: Set<Stream>;
}

/** `Stream`: whatever stands for a stream; compared by identity. */
export class Seats<Stream> {
  private readonly host: SeatsHost<Stream>;
  private readonly seats = new Map<string, Seat<Stream>>();
  /** Of those who have a seat or wait for one: whose it is. */
  private readonly workloads = new Map<Stream, string>();

  constructor(host: SeatsHost<Stream>) {
    this.host = host;
  }

  /** Whether it is the workload's now. If not, it hears of the outcome. */
  take(workload: string, stream: Stream): boolean {
    this.workloads.set(stream, workload);
    const seat = this.seats.get(workload);
    if (seat === undefined) {
      this.seats.set(workload, { holder: stream, waiting: new Set() });
      return true;
    }
    if (seat.holder === stream) return true;
    const isAsked = seat.waiting.size > 0;
    seat.waiting.add(stream);
    if (!isAsked) void this.ask(seat);
    return false;
  }

  /** The stream has ended. */
  leave(stream: Stream): void {
    const workload = this.workloads.get(stream);
    this.workloads.delete(stream);
    const seat = workload === undefined ? undefined : this.seats.get(workload);
    if (workload === undefined || seat === undefined) return;
    seat.waiting.delete(stream);
    if (seat.holder !== stream) return;
    this.seats.delete(workload);
    for (const next of seat.waiting) this.host.retry(next);
  }

  private async ask(seat: Seat<Stream>): Promise<void> {
    const isAlive = await this.host.isAlive(seat.holder);
    const waiting = [...seat.waiting];
    if (!isAlive) this.host.end(seat.holder);
    else {
      seat.waiting.clear();
      for (const stream of waiting) this.host.refuse(stream, seat.holder);
    }
  }
}
