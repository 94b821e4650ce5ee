// One proxy for a workload. A second one is refused while the first is alive: the newest does not silently win, or whoever has the
// same identity could speak for a proxy that is stopped. Whether the first is alive is asked when a second one comes: a proxy that
// lost its connection comes back before anybody has noticed. Entry: OneProxyPerWorkload.

export interface OneProxyHost<Stream> {
  /** Whether its client answers. */
  isAlive(stream: Stream): Promise<boolean>;
  /** Its client is gone, whatever the network says. */
  end(stream: Stream): void;
  /** Another one is there and stays. */
  refuse(stream: Stream, holder: Stream): void;
  /** The current may be free: it is to ask again. */
  retry(stream: Stream): void;
}

interface Claimed<Stream> {
  readonly holder: Stream;
  readonly waiting: Set<Stream>;
}

/** `Stream`: whatever stands for a stream; compared by identity. */
export class OneProxyPerWorkload<Stream> {
  private readonly host: OneProxyHost<Stream>;
  private readonly claimed = new Map<string, Claimed<Stream>>();
  /** Of those who have a current or wait for one: whose it is. */
  private readonly workloads = new Map<Stream, string>();

  constructor(host: OneProxyHost<Stream>) {
    this.host = host;
  }

  /** Whether it is the workload's now. If not, it hears of the outcome. */
  claim(workload: string, stream: Stream): boolean {
    this.workloads.set(stream, workload);
    const current = this.claimed.get(workload);
    if (current === undefined) {
      this.claimed.set(workload, { holder: stream, waiting: new Set() });
      return true;
    }
    if (current.holder === stream) return true;
    const isAsked = current.waiting.size > 0;
    current.waiting.add(stream);
    if (!isAsked) void this.ask(current);
    return false;
  }

  /** The stream has ended. */
  release(stream: Stream): void {
    const workload = this.workloads.get(stream);
    this.workloads.delete(stream);
    const current = workload === undefined ? undefined : this.claimed.get(workload);
    if (workload === undefined || current === undefined) return;
    current.waiting.delete(stream);
    if (current.holder !== stream) return;
    this.claimed.delete(workload);
    for (const next of current.waiting) this.host.retry(next);
  }

  private async ask(current: Claimed<Stream>): Promise<void> {
    const isAlive = await this.host.isAlive(current.holder);
    const waiting = [...current.waiting];
    if (!isAlive) this.host.end(current.holder);
    else {
      current.waiting.clear();
      for (const stream of waiting) this.host.refuse(stream, current.holder);
    }
  }
}
