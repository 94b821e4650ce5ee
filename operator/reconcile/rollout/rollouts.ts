// Which workloads may be rolled now: a few at a time, in turn by namespaces, none of a namespace in which one has not come back
// healthy. Entry: createRollouts. State without I/O.
import type { Health } from './health.ts';

export interface Rollouts {
  /**
   * Asks for a turn; a key that does not get one is remembered and named by `next` when it is its turn.
   * isRemoval: gets one even while rollouts of its namespace are stopped, for it may be what helps.
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
  /** Key → why it did not come back healthy: as long as there is one, nobody else of its namespace is rolled. */
  failed(): ReadonlyMap<string, string>;
  /** Whom a workload waits for: one of its namespace that did not come back healthy. */
  heldUpBy(key: string): string | undefined;
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

  const heldUpBy = (key: string): string | undefined =>
    [...failed.keys()].find((other) => namespaceOf(other) === namespaceOf(key));
  /** For one that failed a new template may be the cure. */
  const mayGo = (key: string): boolean => failed.has(key) || heldUpBy(key) === undefined;
  const turns = (): readonly string[] => {
    if (!isOpen) return [];
    const allowed = [...waiting].filter(([key, { isRemoval }]) => isRemoval || mayGo(key));
    const keys = allowed.map(([key]) => key);
    return inTurn(keys, active.keys()).slice(0, Math.max(limitNow(limit, failed) - active.size, 0));
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
    heldUpBy,
    setLimit: (maxConcurrent) => {
      limit = maxConcurrent;
    },
    open: () => {
      isOpen = true;
    },
  };
}

/** What fails in several namespaces may be our doing: then one at a time, until somebody has looked. */
function limitNow(limit: number, failed: ReadonlyMap<string, string>): number {
  const namespaces = new Set([...failed.keys()].map(namespaceOf));
  return namespaces.size > 1 ? 1 : limit;
}

/** Sorted; of each namespace the next one in turn, first those of which fewer are under way. */
function inTurn(keys: readonly string[], active: Iterable<string>): readonly string[] {
  const taken = new Map<string, number>();
  const take = (key: string): number => {
    const before = taken.get(namespaceOf(key)) ?? 0;
    taken.set(namespaceOf(key), before + 1);
    return before;
  };
  for (const key of active) take(key);
  return keys
    .toSorted()
    .map((key) => ({ key, turn: take(key) }))
    .toSorted((a, b) => a.turn - b.turn)
    .map(({ key }) => key);
}

/** `Deployment/shop/reviews` → `shop` */
function namespaceOf(key: string): string {
  return key.split('/', 2)[1] ?? '';
}

function failureOf(health: Exclude<Health, { type: 'complete' }>, sinceMs: number): string | undefined {
  if (health.type === 'failed') return health.message;
  return sinceMs > deadlineMs
    ? `The rollout is not complete after ${deadlineMs / 60_000} minutes.`
    : undefined;
}
