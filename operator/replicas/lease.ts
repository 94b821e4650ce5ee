// Which of several operators leads: whoever holds the Lease. Entry: createLeaderElection. Other clocks are not
// believed: a holder counts as gone when its record has not changed for its duration, on our own clock, which must be
// a monotonic one. A leader that cannot renew gives up well before others may take over.
import type { Log } from '../process/log.ts';
import type { Clock } from '../process/clock.ts';
import type { Component } from '../process/lifecycle.ts';
import type { LeasePort, LeaseRecord, StoredLease } from '../ports/lease-port.ts';

export interface LeaderElectionOptions {
  readonly port: LeasePort;
  /** Different for each operator, and for each start of it. */
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: 10,000 ms, looked at each 1,000 ms: a leader that was killed is replaced within 12 s. */
  readonly durationMs?: number;
  readonly retryMs?: number;
  /** How long a leader whose renewal succeeded waits with the next. Default: 4,000 ms: three fifths of what it may take at most. */
  readonly renewMs?: number;
  readonly onStartedLeading: () => void;
  /** Resolves when nothing is written any more. */
  readonly onStoppedLeading: () => Promise<void>;
  /** Called with the holder seen, when it is another than before; '' when there is none, or it has given up. */
  readonly onHolder?: (holder: string) => void;
}

export interface LeaderElection extends Component {
  isLeading(): boolean;
}

export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  return new LeaseElection(options);
}

class LeaseElection implements LeaderElection {
  readonly name = 'leader-election';
  readonly #options: LeaderElectionOptions;
  readonly #durationMs: number;
  readonly #retryMs: number;
  readonly #renewMs: number;
  /** `#seen` is what our last request wrote: there is no need to read it first, as a write over anything else conflicts. */
  #isOwnWrite = false;
  #seen: { readonly lease: StoredLease; readonly sinceMs: number } | undefined;
  #isLeading = false;
  #isStopped = false;
  #reportedHolder = '';
  /** Perhaps: an answer may have been lost. */
  #hasWritten = false;
  #following: Promise<void> = Promise.resolve();
  #ticking: Promise<void> = Promise.resolve();
  #cancelTick: (() => void) | undefined;
  #cancelGiveUp: (() => void) | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#durationMs = options.durationMs ?? 10_000;
    this.#retryMs = options.retryMs ?? 1000;
    this.#renewMs = options.renewMs ?? 4000;
  }

  isLeading(): boolean {
    return this.#isLeading;
  }

  ready(): boolean {
    return true;
  }

  start(): Promise<void> {
    this.#ticking = this.#tick();
    return Promise.resolve();
  }

  /** Hands the Lease over, so that the next leader need not wait for it to run out. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTick?.();
    await this.#ticking;
    this.#stepDown();
    await this.#following;
    if (this.#hasWritten) await this.#release();
  }

  async #tick(): Promise<void> {
    const { clock, log } = this.#options;
    try {
      await this.#attempt();
    } catch (error) {
      this.#isOwnWrite = false;
      log.warn({ error }, 'lease request failed');
    }
    if (this.#isStopped) return;
    this.#cancelTick = clock.after(this.#isOwnWrite ? this.#renewMs : this.#retryMs, () => {
      this.#ticking = this.#tick();
    });
  }

  async #attempt(): Promise<void> {
    const { port, clock, identity } = this.#options;
    if (!this.#isOwnWrite) this.#note(await port.read());
    if (!this.#mayTake()) {
      this.#stepDown();
      this.#reportHolder();
      return;
    }
    // A leader whose writes have not ended must not lead again beside itself.
    await this.#following;
    const atMs = clock.monotonicMs();
    const present = this.#seen?.lease;
    const isNew = present?.holder !== identity;
    const record: LeaseRecord = {
      holder: identity,
      durationSeconds: this.#durationMs / 1000,
      transitions: (present?.transitions ?? 0) + (isNew ? 1 : 0),
      renewTime: microTime(clock.now()),
    };
    this.#hasWritten = true;
    const outcome = await port.write(record, present);
    if (outcome === 'conflict') return await this.#afterConflict();
    this.#isOwnWrite = true;
    this.#note(outcome);
    // Counted from before the request: others may count from the moment it was stored.
    if (clock.monotonicMs() - atMs < this.#giveUpMs()) this.#renewed(atMs);
  }

  /** Once more at once, if it was written over unread: who wrote instead may not be another operator. */
  async #afterConflict(): Promise<void> {
    const wasUnread = this.#isOwnWrite;
    this.#isOwnWrite = false;
    if (wasUnread) await this.#attempt();
  }

  #note(lease: StoredLease | undefined): void {
    if (lease === undefined) this.#seen = undefined;
    else if (this.#seen?.lease.resourceVersion !== lease.resourceVersion)
      this.#seen = { lease, sinceMs: this.#options.clock.monotonicMs() };
  }

  #mayTake(): boolean {
    if (this.#seen === undefined) return true;
    const { lease, sinceMs } = this.#seen;
    if (lease.holder === this.#options.identity || lease.holder === '') return true;
    return this.#options.clock.monotonicMs() - sinceMs >= lease.durationSeconds * 1000;
  }

  #renewed(atMs: number): void {
    const { clock, log, identity, onStartedLeading } = this.#options;
    if (this.#isStopped) return;
    this.#cancelGiveUp?.();
    const leftMs = Math.max(this.#giveUpMs() - (clock.monotonicMs() - atMs), 0);
    this.#cancelGiveUp = clock.after(leftMs, () => this.#stepDown());
    if (this.#isLeading) return;
    this.#isLeading = true;
    log.info({ identity }, 'started leading');
    this.#reportHolder();
    onStartedLeading();
  }

  #stepDown(): void {
    const { log, identity, onStoppedLeading } = this.#options;
    this.#cancelGiveUp?.();
    this.#isOwnWrite = false;
    if (!this.#isLeading) return;
    this.#isLeading = false;
    log.info({ identity }, 'stopped leading');
    this.#following = onStoppedLeading();
    this.#reportHolder();
  }

  /** A holder that can no longer renew stays in the Lease until somebody else takes it: only another one is believed. */
  #reportHolder(): void {
    const { identity, onHolder } = this.#options;
    const seen = this.#seen?.lease.holder ?? '';
    const others = seen === identity ? '' : seen;
    const holder = this.#isLeading ? identity : others;
    if (holder === this.#reportedHolder) return;
    this.#reportedHolder = holder;
    onHolder?.(holder);
  }

  async #release(): Promise<void> {
    const { port, clock, identity } = this.#options;
    const lease = await port.read();
    if (lease?.holder !== identity) return;
    const renewTime = microTime(clock.now());
    await port.write({ ...lease, holder: '', durationSeconds: 1, renewTime }, lease);
  }

  #giveUpMs(): number {
    return (this.#durationMs * 2) / 3;
  }
}

/** `2026-01-31T12:00:00.000000Z` */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
