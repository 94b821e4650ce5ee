// How often the sidecar is restored in a template that somebody keeps resetting: a few times, as each restore rolls the
// workload. Entry: createRestores. State without I/O.

export interface Restores {
  /** Whether it may be restored now; userTemplate: a user who wants something new is no tool that resets. */
  mayRestore(key: string, userTemplate: string, nowMs: number): Permission;
  record(key: string, userTemplate: string, nowMs: number): void;
  forget(key: string): void;
}

export type Permission =
  { readonly type: 'yes' } | { readonly type: 'no'; readonly againInMs: number; readonly count: number };

const maxRestores = 3;
const windowMs = 3_600_000;

interface History {
  readonly userTemplate: string;
  readonly times: readonly number[];
}

export function createRestores(): Restores {
  const histories = new Map<string, History>();
  const recent = (key: string, userTemplate: string, nowMs: number): readonly number[] => {
    const history = histories.get(key);
    if (history?.userTemplate !== userTemplate) return [];
    return history.times.filter((time) => nowMs - time < windowMs);
  };
  return {
    mayRestore: (key, userTemplate, nowMs) => {
      const times = recent(key, userTemplate, nowMs);
      const [oldest] = times;
      if (oldest === undefined || times.length < maxRestores) return { type: 'yes' };
      return { type: 'no', againInMs: windowMs - (nowMs - oldest), count: times.length };
    },
    record: (key, userTemplate, nowMs) => {
      histories.set(key, { userTemplate, times: [...recent(key, userTemplate, nowMs), nowMs] });
    },
    forget: (key) => {
      histories.delete(key);
    },
  };
}
