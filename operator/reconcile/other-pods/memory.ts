// What is remembered of pods that are evicted: which were there before pods came as they should, and which were evicted. State without I/O.
import { policySettleMs } from '../times.ts';
import type { Eviction } from './decide.ts';
import type { PodsByOwner } from './owners.ts';

interface Before {
  readonly revision: string;
  readonly sinceMs: number;
  /** uids */
  readonly old: Set<string>;
}

export class OtherPods {
  /** By key of their owner; until another one is. */
  readonly evicted = new Map<string, Eviction>();
  /** By namespace. */
  readonly #before = new Map<string, Before>();

  /**
   * Whatever is seen from now on was made under the revision, but for what was on its way to us: times of the API server are not compared with
   * ours.
   */
  note(revisions: ReadonlyMap<string, string>, pods: PodsByOwner, nowMs: number): void {
    for (const namespace of this.#before.keys())
      if (!revisions.has(namespace)) this.#before.delete(namespace);
    for (const [namespace, revision] of revisions)
      if (this.#before.get(namespace)?.revision !== revision)
        this.#before.set(namespace, { revision, sinceMs: nowMs, old: new Set() });
    for (const { ref } of [...pods.values()].flat()) {
      const before = this.#before.get(ref.namespace);
      if (before !== undefined && nowMs - before.sinceMs <= policySettleMs) before.old.add(ref.uid);
    }
  }

  isOld(namespace: string, uid: string): boolean {
    return this.#before.get(namespace)?.old.has(uid) !== false;
  }

  /** Until then a pod that is made may come as before. */
  restMs(namespace: string, nowMs: number): number {
    const sinceMs = this.#before.get(namespace)?.sinceMs ?? nowMs;
    return sinceMs + policySettleMs - nowMs;
  }

  forget(key: string): void {
    this.evicted.delete(key);
  }
}
