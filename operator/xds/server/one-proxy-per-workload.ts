// One proxy per workload. A second one is refused while the first is alive: if the newest won, any client with the same identity could
// impersonate a stopped proxy. A ping checks whether the first is alive when a second one connects: a proxy that lost its connection
// reconnects before the server notices the loss. Entry: OneProxyPerWorkload.

export interface OneProxyHost<Stream> {
  /** Whether its client answers. */
  isAlive(stream: Stream): Promise<boolean>;
  /** Its client did not answer. */
  end(stream: Stream): void;
  /** The holder is alive and stays. */
  refuse(stream: Stream, holder: Stream): void;
  /** The workload may have no holder any more: the stream should claim it again. */
  retry(stream: Stream): void;
}

interface Claimed<Stream> {
  readonly holder: Stream;
  readonly waiting: Set<Stream>;
}

/** `Stream` is compared by identity. */
export class OneProxyPerWorkload<Stream> {
  private readonly host: OneProxyHost<Stream>;
  private readonly claimed = new Map<string, Claimed<Stream>>();
  /** Workloads of the streams that hold one or wait for it. */
  private readonly workloads = new Map<Stream, string>();

  constructor(host: OneProxyHost<Stream>) {
    this.host = host;
  }

  /** Returns true if the stream is the workload's proxy now. If not, `refuse` or `retry` follows. */
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
    if (!isAsked) void this.ask(workload, current);
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

  private async ask(workload: string, current: Claimed<Stream>): Promise<void> {
    const isAlive = await this.host.isAlive(current.holder);
    // The holder has ended meanwhile, and one of those who waited may hold the workload now.
    if (this.claimed.get(workload) !== current) return;
    const waiting = [...current.waiting];
    if (!isAlive) this.host.end(current.holder);
    else {
      current.waiting.clear();
      for (const stream of waiting) this.host.refuse(stream, current.holder);
    }
  }
}
