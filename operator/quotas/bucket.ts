// What has been used of one bucket of a quota, and who holds what of the rest. Time comes from outside.
import { type Assignment, burstOf, isRate, type QuotaRule, reportMs, type Usage } from './rule.ts';
import { type Sharer, shareOf } from './shares.ts';

interface Holder extends Sharer {
  readonly reportedMs: number;
  /** It was sent a request. */
  readonly askedMs: number;
  /** Since it reported last a window has ended, and with it what it held then. */
  readonly ended: { readonly atMs: number; readonly tokens: number } | null;
}

/** A sidecar that has not reported for so long holds nothing: what it was assigned has ended by then. */
export const holdsMs = 4 * reportMs;
/** A bucket that a sidecar was not asked for in so long is forgotten by it. */
export const idleMs = 12 * reportMs;
/** All sidecars of a Service that are asked at all are asked within this time, if load is even. */
const startMs = reportMs + 1_000;

export class Bucket {
  readonly #holders = new Map<string, Holder>();
  readonly #bornMs: number;
  #windowMs: number;
  #used = 0;
  /** In the window before. */
  #before = 0;
  #denied = 0;

  constructor(rule: QuotaRule, nowMs: number) {
    this.#bornMs = nowMs;
    this.#windowMs = windowOf(rule, nowMs);
  }

  /** Admitted and refused in the present window, as far as reported. */
  get counts(): Usage {
    return { allowed: this.#used, denied: this.#denied };
  }

  /** The same of the window of this moment. */
  countsAt(rule: QuotaRule, nowMs: number): Usage {
    return windowOf(rule, nowMs) > this.#windowMs ? { allowed: 0, denied: 0 } : this.counts;
  }

  /** Nobody holds anything of it, and nothing of the window is used. */
  get isEmpty(): boolean {
    return this.#holders.size === 0 && this.#used === 0 && this.#before === 0;
  }

  get holders(): number {
    return this.#holders.size;
  }

  /** Admitted beyond the quota, as far as reported; 0 for a rate. */
  beyond(rule: QuotaRule, nowMs: number): number {
    return isRate(rule) ? 0 : Math.max(0, this.#usedLately(rule, nowMs) - rule.limit);
  }

  /** A report of a sidecar, and what it is assigned. */
  report(rule: QuotaRule, holder: string, usage: Usage, nowMs: number): Assignment {
    this.#dropSilent(nowMs);
    this.#roll(rule, nowMs);
    const before = this.#holders.get(holder) ?? newHolder(nowMs);
    const ofWindow = usage.allowed - ofEndedWindow(before, usage.allowed, nowMs);
    this.#used += ofWindow;
    this.#denied += usage.denied;
    const isAsked = usage.allowed + usage.denied > 0;
    const askedMs = isAsked ? nowMs : before.askedMs;
    if (nowMs - askedMs >= idleMs) {
      this.#holders.delete(holder);
      return { type: 'Forget' };
    }
    this.#holders.set(holder, {
      ...before,
      tokens: isRate(rule) ? before.tokens : Math.max(0, before.tokens - ofWindow),
      demand: demandOf(before, usage, nowMs),
      reportedMs: nowMs,
      askedMs,
      ended: null,
    });
    return this.#assign(rule, holder, nowMs);
  }

  /** When a window has ended: what each sidecar is assigned of the next. */
  nextWindow(rule: QuotaRule, nowMs: number): ReadonlyMap<string, Assignment> {
    this.#dropSilent(nowMs);
    if (!this.#roll(rule, nowMs) || !beginsAnew(rule)) return new Map();
    return new Map([...this.#holders.keys()].map((holder) => [holder, this.#assign(rule, holder, nowMs)]));
  }

  #assign(rule: QuotaRule, name: string, nowMs: number): Assignment {
    if (!rule.isEnforced) return { type: 'Allow' };
    const holder = this.#holders.get(name) ?? newHolder(nowMs);
    const possible = Math.max(0, rule.servers.size - this.#holders.size);
    const sharers = { [Symbol.iterator]: () => this.#holders.values() };
    const tokens = shareOf({
      left: isRate(rule) ? rule.limit : Math.max(0, rule.limit - this.#usedLately(rule, nowMs)),
      sharer: holder,
      sharers,
      possible,
      expected: nowMs - this.#bornMs < startMs ? possible : 0,
    });
    this.#holders.set(name, { ...holder, tokens });
    if (!isRate(rule)) return { type: 'Tokens', tokens };
    return { type: 'Rate', burst: burstOf(rule, tokens), tokens, periodMs: rule.periodMs };
  }

  /** Sliding: of the window before, as if it had been used evenly. */
  #usedLately({ window, periodMs }: QuotaRule, nowMs: number): number {
    if (window === 'Fixed') return this.#used;
    const part = Math.min(1, (nowMs - this.#windowMs) / periodMs);
    return Math.ceil(this.#used + this.#before * (1 - part));
  }

  #dropSilent(nowMs: number): void {
    for (const [name, { reportedMs }] of this.#holders) {
      if (nowMs - reportedMs >= holdsMs) this.#holders.delete(name);
    }
  }

  /** Whether a window has ended. */
  #roll(rule: QuotaRule, nowMs: number): boolean {
    const windowMs = windowOf(rule, nowMs);
    if (windowMs <= this.#windowMs) return false;
    this.#before = rule.window === 'Sliding' && windowMs - this.#windowMs <= rule.periodMs ? this.#used : 0;
    this.#windowMs = windowMs;
    this.#used = 0;
    this.#denied = 0;
    if (!beginsAnew(rule)) return true;
    for (const [name, holder] of this.#holders) {
      const ended = holder.ended ?? { atMs: nowMs, tokens: holder.tokens };
      this.#holders.set(name, { ...holder, tokens: 0, ended });
    }
    return true;
  }
}

/** Whether sidecars are assigned their shares of the next window when one ends. */
export function beginsAnew(rule: QuotaRule): boolean {
  return rule.window === 'Fixed' && rule.isEnforced && !isRate(rule);
}

/** Windows begin at multiples of the period since 1970. */
export function windowOf({ periodMs }: QuotaRule, nowMs: number): number {
  return Math.floor(nowMs / periodMs) * periodMs;
}

function newHolder(nowMs: number): Holder {
  return { tokens: 0, demand: null, reportedMs: nowMs, askedMs: nowMs, ended: null };
}

/** Of what was admitted since the last report: what probably was before the window ended, and not more than there was to admit. */
function ofEndedWindow({ ended, reportedMs }: Holder, allowed: number, nowMs: number): number {
  if (ended === null) return 0;
  const part = nowMs === reportedMs ? 0 : (ended.atMs - reportedMs) / (nowMs - reportedMs);
  return Math.min(ended.tokens, Math.round(allowed * part));
}

/** The first report comes with the first request, and says nothing of how many there will be. */
function demandOf(before: Holder, { allowed, denied }: Usage, nowMs: number): number | null {
  const seconds = (nowMs - before.reportedMs) / 1_000;
  if (seconds < 0.5) return before.demand;
  const latest = (allowed + denied) / seconds;
  return before.demand === null ? latest : (before.demand + latest) / 2;
}
