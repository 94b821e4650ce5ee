// Who has yet to acknowledge all of the latest publication, and how long it takes until nobody has.
import type { Clock } from '../../process/clock.ts';

export interface Lagging {
  /** Since when it has not acknowledged all there is for it; null: it has. */
  behindSince: Date | null;
}

export class Convergence<Proxy extends Lagging> {
  private readonly clock: Clock;
  private readonly behind = new Set<Proxy>();
  private publishedAtMs: number | null = null;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  published(): void {
    this.publishedAtMs ??= this.clock.monotonicMs();
  }

  isUnderWay(): boolean {
    return this.publishedAtMs !== null;
  }

  lags(proxy: Proxy): void {
    this.behind.add(proxy);
    proxy.behindSince ??= new Date(this.clock.now());
  }

  isCurrent(proxy: Proxy): void {
    this.behind.delete(proxy);
    proxy.behindSince = null;
  }

  forget(proxy: Proxy): void {
    this.behind.delete(proxy);
  }

  /** How long it took, once, when nobody is behind any more; else null. */
  takeDuration(): number | null {
    if (this.publishedAtMs === null || this.behind.size > 0) return null;
    const duration = this.clock.monotonicMs() - this.publishedAtMs;
    this.publishedAtMs = null;
    return duration;
  }
}
