// The bucket that all keys too many of a quota share. A sidecar has one share of it, whatever the number of its keys, and each of these
// keys a part of the share. Time comes from outside.
import { Bucket, holdsMs, idleMs } from './bucket.ts';
import { type Assignment, burstOf, type KeyUsage, type QuotaRule, type Usage } from './rule.ts';

export interface KeyAssignment {
  readonly key: string;
  readonly assignment: Assignment;
}

export class Overflow {
  readonly #bucket: Bucket;
  /** By sidecar. */
  readonly #parts = new Map<string, Parts>();

  constructor(rule: QuotaRule, nowMs: number) {
    this.#bucket = new Bucket(rule, nowMs);
  }

  get isEmpty(): boolean {
    return this.#bucket.isEmpty && this.#parts.size === 0;
  }

  countsAt(rule: QuotaRule, nowMs: number): Usage {
    return this.#bucket.countsAt(rule, nowMs);
  }

  beyond(rule: QuotaRule, nowMs: number): number {
    return this.#bucket.beyond(rule, nowMs);
  }

  /** All that a sidecar reports at once, in this order. */
  report(
    rule: QuotaRule,
    sidecar: string,
    reported: readonly KeyUsage[],
    nowMs: number,
  ): readonly KeyAssignment[] {
    const parts = this.#parts.get(sidecar) ?? new Parts();
    this.#parts.set(sidecar, parts);
    const share = this.#bucket.report(rule, sidecar, totalOf(reported), nowMs);
    const isAsked = new Map(
      reported.map(({ key, usage }) => [key, parts.report(key, usage, nowMs) && share.type !== 'Forget']),
    );
    const asked = [...isAsked.keys()].filter((key) => isAsked.get(key));
    const assigned = parts.divide(rule, share, asked);
    return reported.map(({ key }) => ({ key, assignment: assigned.get(key) ?? { type: 'Forget' } }));
  }

  /** By sidecar. */
  nextWindow(rule: QuotaRule, nowMs: number): ReadonlyMap<string, readonly KeyAssignment[]> {
    this.#dropSilent(nowMs);
    const shares = [...this.#bucket.nextWindow(rule, nowMs)];
    return new Map(
      shares.map(([sidecar, share]) => {
        const parts = this.#parts.get(sidecar);
        const assigned = parts?.divide(rule, share, parts.keys()) ?? new Map<string, Assignment>();
        return [sidecar, Array.from(assigned, ([key, assignment]) => ({ key, assignment }))];
      }),
    );
  }

  #dropSilent(nowMs: number): void {
    for (const [sidecar, parts] of this.#parts) {
      parts.dropSilent(nowMs);
      if (parts.size === 0) this.#parts.delete(sidecar);
    }
  }
}

interface Part {
  readonly tokens: number;
  readonly reportedMs: number;
  /** It was sent a request. */
  readonly askedMs: number;
}

const unknown: Part = { tokens: 0, reportedMs: 0, askedMs: 0 };
/** Keys of a sidecar that have parts. Further ones are refused. */
const mostParts = 10_000;

/** Of one sidecar. */
class Parts {
  readonly #byKey = new Map<string, Part>();
  /** All of them together. */
  #tokens = 0;

  get size(): number {
    return this.#byKey.size;
  }

  keys(): readonly string[] {
    return [...this.#byKey.keys()];
  }

  /** What it had is used, or is replaced. False: it was not asked for in so long that it is forgotten. */
  report(key: string, { allowed, denied }: Usage, nowMs: number): boolean {
    const before = this.#byKey.get(key);
    const isAsked = before === undefined || allowed + denied > 0;
    const askedMs = isAsked ? nowMs : before.askedMs;
    if (nowMs - askedMs < idleMs) this.#set(key, { tokens: 0, reportedMs: nowMs, askedMs });
    else this.#delete(key);
    return nowMs - askedMs < idleMs;
  }

  /** Among these keys: what its other keys do not have, but for a part that is left for the next one. */
  divide(rule: QuotaRule, share: Assignment, keys: readonly string[]): ReadonlyMap<string, Assignment> {
    if (share.type === 'Allow') return new Map(keys.map((key) => [key, share]));
    if (share.type === 'Forget') return new Map();
    for (const key of keys) this.#give(key, 0);
    let free = share.tokens - this.#tokens;
    const even = Math.floor(free / (keys.length + 1));
    return new Map(
      keys.map((key) => {
        const tokens = this.#give(key, Math.max(0, even > 0 ? even : Math.min(1, free)));
        free -= tokens;
        const isRate = share.type === 'Rate';
        return [key, isRate ? { ...share, tokens, burst: burstOf(rule, tokens) } : { ...share, tokens }];
      }),
    );
  }

  dropSilent(nowMs: number): void {
    for (const [key, { reportedMs }] of this.#byKey) if (nowMs - reportedMs >= holdsMs) this.#delete(key);
  }

  /** What it has now: nothing, if there are too many. */
  #give(key: string, tokens: number): number {
    const part = this.#byKey.get(key);
    if (part === undefined) return 0;
    this.#set(key, { ...part, tokens });
    return tokens;
  }

  #set(key: string, part: Part): void {
    const before = this.#byKey.get(key);
    if (before === undefined && this.#byKey.size >= mostParts) return;
    this.#tokens += part.tokens - (before ?? unknown).tokens;
    this.#byKey.set(key, part);
  }

  #delete(key: string): void {
    this.#tokens -= (this.#byKey.get(key) ?? unknown).tokens;
    this.#byKey.delete(key);
  }
}

function totalOf(reported: readonly KeyUsage[]): Usage {
  let [allowed, denied] = [0, 0];
  for (const { usage } of reported) [allowed, denied] = [allowed + usage.allowed, denied + usage.denied];
  return { allowed, denied };
}
