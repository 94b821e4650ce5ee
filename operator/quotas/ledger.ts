// All buckets of which a replica keeps count. Bounded: callers choose the keys.
import { Bucket, windowOf } from './bucket.ts';
import type { Assignment, QuotaRule, Usage } from './rule.ts';

export interface BucketId {
  /** `shop/reviews/per-caller@shop/reviews` */
  readonly quota: string;
  /** `*`, or what requests are told apart by. */
  readonly key: string;
}

export interface Reported extends BucketId {
  readonly usage: Usage;
}

export interface Assigned extends BucketId {
  readonly assignment: Assignment;
}

/** By sidecar. */
export type Assignments = ReadonlyMap<string, readonly Assigned[]>;

/** Keys of one quota. Further ones share a bucket. */
export const mostKeys = 10_000;
/** The key of these. No header value has a control character. */
export const otherKey = '\u0001other';

/** What a sidecar reported of a quota. All three are requests, each counted once. */
export interface Counts {
  /** Admitted within the quota. */
  readonly admitted: number;
  /** Admitted beyond it: of a quota that is not enforced, or before a sidecar had a share. Of rates nobody can say. */
  readonly over: number;
  readonly refused: number;
}

export interface LedgerHost {
  /** Told of each report of a quota that is known. */
  counted(quota: string, counts: Counts): void;
  /** A sidecar reports of a quota that its workload does not have: nothing of it counts. */
  dropped(quota: string, sidecar: string): void;
}

const nobody: LedgerHost = { counted: () => undefined, dropped: () => undefined };

export class Ledger {
  readonly #host: LedgerHost;
  #rules: ReadonlyMap<string, QuotaRule> = new Map();
  readonly #quotas = new Map<string, Map<string, Bucket>>();

  constructor(host = nobody) {
    this.#host = host;
  }

  /** Nobody has used or holds anything. */
  clear(): void {
    this.#quotas.clear();
  }

  /** By quotaKey. What is counted of a quota that is still there stays. */
  setRules(rules: ReadonlyMap<string, QuotaRule>): void {
    for (const [quota, before] of this.#rules) {
      if (rules.get(quota)?.periodMs !== before.periodMs) this.#quotas.delete(quota);
    }
    this.#rules = rules;
  }

  /** What it is assigned; nothing for a quota that is not known here, or that its workload does not have. */
  report(sidecar: string, reported: readonly Reported[], nowMs: number): readonly Assigned[] {
    return reported.flatMap(({ quota, key, usage }): Assigned[] => {
      const rule = this.#rules.get(quota);
      if (rule === undefined) return [];
      if (!rule.servers.has(sidecar)) {
        this.#host.dropped(quota, sidecar);
        return [];
      }
      const { bucket, holder } = this.#bucketOf(rule, { quota, key }, sidecar, nowMs);
      const before = bucket.beyond(rule, nowMs);
      const assignment = bucket.report(rule, holder, usage, nowMs);
      const over = Math.min(usage.allowed, Math.max(0, bucket.beyond(rule, nowMs) - before));
      this.#host.counted(quota, { admitted: usage.allowed - over, over, refused: usage.denied });
      return [{ quota, key, assignment }];
    });
  }

  /** What changes because windows have ended. */
  tick(nowMs: number): Assignments {
    const found = new Map<string, Assigned[]>();
    for (const [quota, key, bucket, rule] of this.#buckets()) {
      for (const [holder, assignment] of bucket.nextWindow(rule, nowMs)) {
        const [sidecar = '', own = key] = holder.split('\n');
        const assigned = found.get(sidecar) ?? [];
        assigned.push({ quota, key: own, assignment });
        found.set(sidecar, assigned);
      }
      if (bucket.isEmpty) this.#forget(quota, key);
    }
    return found;
  }

  /** When the next window ends; null: nothing is counted. */
  nextEndMs(nowMs: number): number | null {
    let next: number | null = null;
    for (const quota of this.#quotas.keys()) {
      const rule = this.#rules.get(quota);
      const end = rule === undefined ? null : windowOf(rule, nowMs) + rule.periodMs;
      if (end !== null && (next === null || end < next)) next = end;
    }
    return next;
  }

  #forget(quota: string, key: string): void {
    const byKey = this.#quotas.get(quota);
    byKey?.delete(key);
    if (byKey?.size === 0) this.#quotas.delete(quota);
  }

  *#buckets(): Generator<readonly [quota: string, key: string, bucket: Bucket, rule: QuotaRule]> {
    for (const [quota, byKey] of this.#quotas) {
      const rule = this.#rules.get(quota);
      if (rule === undefined) continue;
      for (const [key, bucket] of byKey) yield [quota, key, bucket, rule];
    }
  }

  /** Of a key too many: the bucket of all others, in which the sidecar has a share for each of its keys. */
  #bucketOf(
    rule: QuotaRule,
    { quota, key }: BucketId,
    sidecar: string,
    nowMs: number,
  ): { readonly bucket: Bucket; readonly holder: string } {
    const byKey = this.#quotas.get(quota) ?? new Map<string, Bucket>();
    this.#quotas.set(quota, byKey);
    const isKnown = byKey.has(key) || byKey.size < mostKeys;
    const name = isKnown ? key : otherKey;
    const bucket = byKey.get(name) ?? new Bucket(rule, nowMs);
    byKey.set(name, bucket);
    return { bucket, holder: isKnown ? sidecar : `${sidecar}\n${key}` };
  }
}
