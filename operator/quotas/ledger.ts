// All buckets of which a replica keeps count. Bounded: callers choose the keys.
import { otherKey } from '../envoy/resources/inbound/quota-script.ts';
import { beginsAnew, Bucket, holdsMs, windowOf } from './bucket.ts';
import { Overflow } from './overflow.ts';
import type { Assignment, QuotaRule, Usage } from './rule.ts';
import { type QuotaUsage, usageOf } from './usage.ts';

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

interface Buckets {
  readonly byKey: Map<string, Bucket>;
  /** Of all other keys; null: there are not too many. */
  overflow: Overflow | null;
}

const nobody: LedgerHost = { counted: () => undefined, dropped: () => undefined };

export class Ledger {
  readonly #host: LedgerHost;
  #rules: ReadonlyMap<string, QuotaRule> = new Map();
  readonly #quotas = new Map<string, Buckets>();

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
    const assigned: Assigned[] = [];
    const others = new Map<string, Reported[]>();
    for (const one of reported) {
      const { quota, key, usage } = one;
      const rule = this.#ruleFor(sidecar, quota);
      if (rule === null) continue;
      const bucket = this.#bucketOf(rule, one, nowMs);
      if (bucket === null) {
        const all = others.get(quota) ?? [];
        all.push(one);
        others.set(quota, all);
      } else {
        const counting = { quota, rule, bucket, nowMs };
        const assignment = this.#count(counting, [one], () => bucket.report(rule, sidecar, usage, nowMs));
        assigned.push({ quota, key, assignment });
      }
    }
    for (const [quota, all] of others) assigned.push(...this.#reportOthers(sidecar, quota, all, nowMs));
    return assigned;
  }

  /** What changes because windows have ended. What is silent or empty is forgotten. */
  tick(nowMs: number): Assignments {
    const found = new Map<string, Assigned[]>();
    const add = (sidecar: string, one: Assigned): void => {
      const assigned = found.get(sidecar) ?? [];
      assigned.push(one);
      found.set(sidecar, assigned);
    };
    for (const [quota, { byKey, overflow }] of this.#quotas) {
      const rule = this.#rules.get(quota);
      if (rule === undefined) continue;
      for (const [key, bucket] of byKey) {
        for (const [sidecar, assignment] of bucket.nextWindow(rule, nowMs))
          add(sidecar, { quota, key, assignment });
        if (bucket.isEmpty) byKey.delete(key);
      }
      for (const [sidecar, all] of overflow?.nextWindow(rule, nowMs) ?? [])
        for (const one of all) add(sidecar, { quota, ...one });
      this.#forgetEmpty(quota);
    }
    return found;
  }

  /** Of each quota that is asked for. */
  usage(nowMs: number): readonly QuotaUsage[] {
    return [...this.#quotas].flatMap(([quota, { byKey, overflow }]) => {
      const rule = this.#rules.get(quota);
      if (rule === undefined) return [];
      const counted = Array.from(byKey, ([key, one]) => ({ key, usage: one.countsAt(rule, nowMs) }));
      if (overflow !== null) counted.push({ key: otherKey, usage: overflow.countsAt(rule, nowMs) });
      const usage = usageOf({ quota, sinceMs: windowOf(rule, nowMs) }, counted);
      return usage.keys === 0 ? [] : [usage];
    });
  }

  /** When there is something to do again; null: nothing is counted. */
  nextMs(nowMs: number): number | null {
    if (this.#quotas.size === 0) return null;
    let next = nowMs + holdsMs;
    for (const quota of this.#quotas.keys()) {
      const rule = this.#rules.get(quota);
      if (rule !== undefined && beginsAnew(rule))
        next = Math.min(next, windowOf(rule, nowMs) + rule.periodMs);
    }
    return next;
  }

  #ruleFor(sidecar: string, quota: string): QuotaRule | null {
    const rule = this.#rules.get(quota);
    if (rule === undefined) return null;
    if (rule.servers.has(sidecar)) return rule;
    this.#host.dropped(quota, sidecar);
    return null;
  }

  #reportOthers(
    sidecar: string,
    quota: string,
    reported: readonly Reported[],
    nowMs: number,
  ): readonly Assigned[] {
    const [rule, buckets] = [this.#rules.get(quota), this.#quotas.get(quota)];
    if (rule === undefined || buckets === undefined) return [];
    const overflow = (buckets.overflow ??= new Overflow(rule, nowMs));
    const assigned = this.#count({ quota, rule, bucket: overflow, nowMs }, reported, () =>
      overflow.report(rule, sidecar, reported, nowMs),
    );
    return assigned.map((one) => ({ quota, ...one }));
  }

  /** Tells what is counted of it. */
  #count<Result>(
    { quota, rule, bucket, nowMs }: Counting,
    reported: readonly Reported[],
    report: () => Result,
  ): Result {
    const before = bucket.beyond(rule, nowMs);
    const result = report();
    const more = Math.max(0, bucket.beyond(rule, nowMs) - before);
    const allowed = reported.reduce((sum, { usage }) => sum + usage.allowed, 0);
    const refused = reported.reduce((sum, { usage }) => sum + usage.denied, 0);
    const over = Math.min(allowed, more);
    this.#host.counted(quota, { admitted: allowed - over, over, refused });
    return result;
  }

  #forgetEmpty(quota: string): void {
    const buckets = this.#quotas.get(quota);
    if (buckets?.overflow?.isEmpty === true) buckets.overflow = null;
    if (buckets?.byKey.size === 0 && buckets.overflow === null) this.#quotas.delete(quota);
  }

  /** null: it is a key too many. */
  #bucketOf(rule: QuotaRule, { quota, key }: BucketId, nowMs: number): Bucket | null {
    const buckets = this.#quotas.get(quota) ?? { byKey: new Map<string, Bucket>(), overflow: null };
    this.#quotas.set(quota, buckets);
    const known = buckets.byKey.get(key);
    if (known !== undefined) return known;
    if (buckets.byKey.size >= mostKeys) return null;
    const bucket = new Bucket(rule, nowMs);
    buckets.byKey.set(key, bucket);
    return bucket;
  }
}

interface Counting {
  readonly quota: string;
  readonly rule: QuotaRule;
  readonly bucket: Pick<Bucket, 'beyond'>;
  readonly nowMs: number;
}
