// Brings a publication to all streams, a slice at a time: requests are answered in between. Knows of streams only what is
// to be done with each. Entry: FanOut.

export interface FanOutOptions {
  /** Event-loop time in one go before others get a turn, in milliseconds. Default: 20. */
  readonly sliceMs: number;
  /**
   * How long the next publication waits for each millisecond that this one took until it had reached all. When it is quiet
   * nothing waits; under many changes they are gathered, and the process has time for everything else. Default: 4.
   */
  readonly restPerWork: number;
  /** The longest of these waits, in milliseconds. Default: 250. */
  readonly maxRestMs: number;
}

const defaults: FanOutOptions = { sliceMs: 20, restPerWork: 4, maxRestMs: 250 };

export interface FanOutHost<Stream> {
  readonly nowMs: () => number;
  /** Shows the latest publication to a stream. */
  show(stream: Stream): void;
  /** It has been shown to all. */
  done(): void;
}

export class FanOut<Stream> {
  private readonly host: FanOutHost<Stream>;
  private readonly options: FanOutOptions;
  private readonly outdated = new Set<Stream>();
  private isRunning = false;
  private sinceMs = 0;
  private rest: NodeJS.Timeout | null = null;

  constructor(host: FanOutHost<Stream>, options: Partial<FanOutOptions> = {}) {
    this.host = host;
    this.options = { ...defaults, ...options };
  }

  /** There is something new. `isWaiting`: who has nothing yet is not let wait. */
  publish(streams: Iterable<Stream>, isWaiting: (stream: Stream) => boolean): void {
    for (const stream of streams) this.outdated.add(stream);
    if (this.isRunning) return;
    if (this.rest === null) this.begin();
    else for (const stream of this.outdated) if (isWaiting(stream)) this.bring(stream);
  }

  /** All streams have been shown the latest publication. */
  isDone(): boolean {
    return this.outdated.size === 0;
  }

  /** At once, however long it takes. */
  finish(): void {
    for (const stream of this.outdated) this.bring(stream);
  }

  /** The stream has ended. */
  forget(stream: Stream): void {
    this.outdated.delete(stream);
  }

  close(): void {
    if (this.rest !== null) clearTimeout(this.rest);
    this.outdated.clear();
  }

  private begin(): void {
    this.sinceMs = this.host.nowMs();
    this.run();
  }

  private run(): void {
    const until = this.host.nowMs() + this.options.sliceMs;
    for (const stream of this.outdated) {
      this.bring(stream);
      if (this.host.nowMs() > until) break;
    }
    this.isRunning = this.outdated.size > 0;
    if (this.isRunning) setImmediate(() => this.run());
    else {
      this.takeRest();
      this.host.done();
    }
  }

  private bring(stream: Stream): void {
    this.outdated.delete(stream);
    this.host.show(stream);
  }

  private takeRest(): void {
    const { restPerWork, maxRestMs } = this.options;
    const restMs = Math.min(maxRestMs, restPerWork * (this.host.nowMs() - this.sinceMs));
    this.rest = setTimeout(() => {
      this.rest = null;
      if (this.outdated.size > 0) this.begin();
    }, restMs);
  }
}
