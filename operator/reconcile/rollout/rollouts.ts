// Which workloads may be rolled now: a few at a time, in the order of their keys, none while one has not come back
// healthy. Entry: createRollouts. State without I/O.
import type { Health } from './health.ts';

export interface Rollouts {
  /**
   * Asks for a turn; a key that does not get one is remembered and named by `next` when it is its turn.
   * isRemoval: gets one even while rollouts are stopped, for it may be what helps.
   */
  request(key: string, isRemoval: boolean): boolean;
  /** It wants no turn any more. */
  withdraw(key: string): void;
  /** It was changed at that time (ms since 1970). */
  began(key: string, nowMs: number): void;
  /** What is seen of a workload, changed by us or not. */
  update(key: string, health: Health, nowMs: number): void;
  isActive(key: string): boolean;
  isOpen(): boolean;
  forget(key: string): void;
  /** Those whose turn it is. */
  next(): readonly string[];
  /** Key → why it did not come back healthy: as long as there is one, nobody else is rolled. */
  failed(): ReadonlyMap<string, string>;
  setLimit(maxConcurrent: number): void;
  /** Nobody gets a turn until it is called: before everything was looked at once, others may be under way. */
  open(): void;
}

/** Deployments have a deadline of their own; the others get this one. */
const deadlineMs = 600_000;

export function createRollouts(): Rollouts {
  const waiting = new Map<string, { readonly isRemoval: boolean }>();
  const active = new Map<string, number>();
  const failed = new Map<string, string>();
  let limit = 1;
  let isOpen = false;

  /** For one that failed a new template may be the cure. */
  const mayGo = (key: string): boolean => failed.size === 0 || failed.has(key);
  const turns = (): readonly string[] => {
    if (!isOpen) return [];
    const allowed = [...waiting].filter(([key, { isRemoval }]) => isRemoval || mayGo(key));
    return allowed
      .map(([key]) => key)
      .toSorted()
      .slice(0, Math.max(limit - active.size, 0));
  };
  return {
    request: (key, isRemoval) => {
      waiting.set(key, { isRemoval });
      return active.has(key) || turns().includes(key);
    },
    withdraw: (key) => {
      waiting.delete(key);
    },
    began: (key, nowMs) => {
      waiting.delete(key);
      failed.delete(key);
      active.set(key, nowMs);
    },
    update: (key, health, nowMs) => {
      const since = active.get(key);
      if (health.type === 'complete') {
        active.delete(key);
        failed.delete(key);
      } else if (since !== undefined) {
        const failure = failureOf(health, nowMs - since);
        if (failure === undefined) return;
        active.delete(key);
        failed.set(key, failure);
      }
    },
    isActive: (key) => active.has(key),
    isOpen: () => isOpen,
    forget: (key) => {
      waiting.delete(key);
      active.delete(key);
      failed.delete(key);
    },
    next: turns,
    failed: () => failed,
    setLimit: (maxConcurrent) => {
      limit = maxConcurrent;
    },
    open: () => {
      isOpen = true;
    },
  };
}

function failureOf(health: Exclude<Health, { type: 'complete' }>, sinceMs: number): string | undefined {
  if (health.type === 'failed') return health.message;
  return sinceMs > deadlineMs ? `It is not complete after ${deadlineMs / 60_000} minutes.` : undefined;
}
