// Who is read next. Requests cost the event loop's time, which belongs to all: while it is free, a request is taken as it comes; when
// it is not, clients take turns, those that cost little first, and a client that has used up its allowance waits until it has some
// again. Meanwhile it is not read, so that what it sends stays with it. Entry: FairReading.
import type { Clock } from '../../process/clock.ts';

export interface FairReadingOptions {
  /** Event-loop time in one go before others get a turn, in milliseconds. Default: 10. */
  readonly sliceMs: number;
  /** Who has used less goes first, in milliseconds. Default: 50. */
  readonly lightMs: number;
  /** What a client may use at once, in milliseconds. Default: 1,000: the first configuration of a large mesh takes a tenth. */
  readonly burstMs: number;
  /** What it may use in the long run, as a share of the process. Default: 0.2. */
  readonly share: number;
  /** What a request costs before it gets here, in milliseconds. Default: 0.05: 4,000 requests a second in the long run. */
  readonly overheadMs: number;
}

const defaults: FairReadingOptions = {
  sliceMs: 10,
  lightMs: 50,
  burstMs: 1_000,
  share: 0.2,
  overheadMs: 0.05,
};

export interface Reader {
  /** Whose time it is: all readers of the same client share an allowance. It may become known with the first request. */
  client(): string;
  pause(): void;
  resume(): void;
  read(bytes: Buffer): void;
}

export interface FairReadingHost {
  readonly clock: Clock;
  /** A client has to wait, and has not for the last minute. */
  slowed(client: string): void;
}

interface Account {
  usedMs: number;
  atMs: number;
  toldAtMs: number;
  /** Ends its rest early; null: it does not rest. */
  cancelRest: (() => void) | null;
  readonly waiting: (readonly [Reader, Buffer])[];
}

const toldEveryMs = 60_000;
/** So many accounts are kept before those are forgotten that have nothing to remember. */
const fewAccounts = 1_000;

export class FairReading {
  private readonly host: FairReadingHost;
  private readonly options: FairReadingOptions;
  private readonly accounts = new Map<string, Account>();
  /** Those that wait for their turn, the next one first. */
  private readonly light = new Set<Account>();
  private readonly heavy = new Set<Account>();
  /** Of this turn of the event loop. */
  private spentMs = 0;
  private isPlanned = false;
  private forgetAt = fewAccounts;

  constructor(host: FairReadingHost, options: Partial<FairReadingOptions> = {}) {
    this.host = host;
    this.options = { ...defaults, ...options };
  }

  /** A request has come: it is read now, or the reader is paused until it is. */
  arrived(reader: Reader, bytes: Buffer): void {
    const account = this.accountOf(reader.client());
    const isBusy = this.spentMs >= this.options.sliceMs || this.light.size + this.heavy.size > 0;
    if (!isBusy && account.waiting.length === 0 && !this.isUsedUp(account)) {
      this.read(reader, bytes);
      return;
    }
    reader.pause();
    account.waiting.push([reader, bytes]);
    this.enqueue(account);
  }

  /** What waits is not read anymore, and no timer keeps the process alive. */
  close(): void {
    for (const { cancelRest } of this.accounts.values()) cancelRest?.();
    this.accounts.clear();
    this.light.clear();
    this.heavy.clear();
  }

  private read(reader: Reader, bytes: Buffer): void {
    const { clock } = this.host;
    const startMs = clock.monotonicMs();
    reader.read(bytes);
    const tookMs = clock.monotonicMs() - startMs;
    // Who it is may have become known only now.
    const account = this.accountOf(reader.client());
    account.usedMs = this.usedMs(account) + tookMs + this.options.overheadMs;
    this.spentMs += tookMs;
    this.plan();
  }

  private enqueue(account: Account): void {
    if (this.light.has(account) || this.heavy.has(account) || account.cancelRest !== null) return;
    if (this.isUsedUp(account)) this.rest(account);
    else {
      (this.usedMs(account) < this.options.lightMs ? this.light : this.heavy).add(account);
      this.plan();
    }
  }

  private rest(account: Account): void {
    const { clock } = this.host;
    const { burstMs, share } = this.options;
    account.cancelRest = clock.after((this.usedMs(account) - burstMs) / share + 1, () => {
      account.cancelRest = null;
      if (account.waiting.length > 0) this.enqueue(account);
    });
    const [first] = account.waiting;
    const nowMs = clock.monotonicMs();
    if (first === undefined || nowMs - account.toldAtMs < toldEveryMs) return;
    account.toldAtMs = nowMs;
    this.host.slowed(first[0].client());
  }

  private plan(): void {
    if (this.isPlanned) return;
    this.isPlanned = true;
    setImmediate(() => {
      this.isPlanned = false;
      this.spentMs = 0;
      this.takeTurns();
    });
  }

  private takeTurns(): void {
    while (this.spentMs < this.options.sliceMs) {
      const queue = this.light.size > 0 ? this.light : this.heavy;
      const [account] = queue;
      if (account === undefined) return;
      queue.delete(account);
      const next = account.waiting.shift();
      if (next === undefined) continue;
      const [reader, bytes] = next;
      this.read(reader, bytes);
      reader.resume();
      if (account.waiting.length > 0) this.enqueue(account);
    }
    if (this.light.size + this.heavy.size > 0) this.plan();
  }

  private isUsedUp(account: Account): boolean {
    return account.cancelRest !== null || this.usedMs(account) >= this.options.burstMs;
  }

  /** What it has used and not yet made up for. */
  private usedMs(account: Account): number {
    const nowMs = this.host.clock.monotonicMs();
    account.usedMs = Math.max(0, account.usedMs - (nowMs - account.atMs) * this.options.share);
    account.atMs = nowMs;
    return account.usedMs;
  }

  private accountOf(client: string): Account {
    let account = this.accounts.get(client);
    if (account === undefined) {
      if (this.accounts.size >= this.forgetAt) this.forgetIdle();
      const atMs = this.host.clock.monotonicMs();
      account = { usedMs: 0, atMs, toldAtMs: -toldEveryMs, cancelRest: null, waiting: [] };
      this.accounts.set(client, account);
    }
    return account;
  }

  private forgetIdle(): void {
    for (const [client, account] of this.accounts)
      if (account.waiting.length === 0 && account.cancelRest === null && this.usedMs(account) === 0)
        this.accounts.delete(client);
    this.forgetAt = Math.max(fewAccounts, 2 * this.accounts.size);
  }
}
