// Brings a publication to all streams, a slice at a time: requests are answered in between. Knows of streams only what is
// to be done with each. Entry: FanOut.
import type { Clock } from '../../process/clock.ts';
import { Pacer } from '../../process/pacer.ts';

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
  readonly clock: Clock;
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
  private readonly pacer: Pacer;
  /** Ends the rest; null: there is none. */
  private endRest: (() => void) | null = null;

  constructor(host: FanOutHost<Stream>, options: Partial<FanOutOptions> = {}) {
    this.host = host;
    this.options = { ...defaults, ...options };
    this.pacer = new Pacer({ clock: host.clock, ...this.options });
  }

  /** There is something new. `isWaiting`: who has nothing yet is not let wait. */
  publish(streams: Iterable<Stream>, isWaiting: (stream: Stream) => boolean): void {
    for (const stream of streams) this.outdated.add(stream);
    if (this.isRunning) return;
    if (this.endRest === null) this.begin();
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
    this.endRest?.();
    this.outdated.clear();
  }

  private begin(): void {
    this.pacer.start();
    this.run();
  }

  private run(): void {
    const { clock } = this.host;
    const until = clock.monotonicMs() + this.options.sliceMs;
    for (const stream of this.outdated) {
      this.bring(stream);
      if (clock.monotonicMs() > until) break;
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
    this.pacer.stop();
    this.endRest = this.host.clock.after(this.pacer.restMs(), () => {
      this.endRest = null;
      if (this.outdated.size > 0) this.begin();
    });
  }
}
