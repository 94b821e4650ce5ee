// How often a template is mended that somebody keeps resetting: so often and no more, for each mend rolls the
// workload. Entry: createMending. State without I/O.

export interface Mending {
  /** Whether it may be mended now; userTemplate: a user who wants something new is no tool that resets. */
  mayMend(key: string, userTemplate: string, nowMs: number): Permission;
  mended(key: string, userTemplate: string, nowMs: number): void;
  forget(key: string): void;
}

export type Permission =
  { readonly type: 'yes' } | { readonly type: 'no'; readonly againInMs: number; readonly count: number };

const maxMends = 3;
const windowMs = 3_600_000;

interface History {
  readonly userTemplate: string;
  readonly times: readonly number[];
}

export function createMending(): Mending {
  const histories = new Map<string, History>();
  const recent = (key: string, userTemplate: string, nowMs: number): readonly number[] => {
    const history = histories.get(key);
    if (history?.userTemplate !== userTemplate) return [];
    return history.times.filter((time) => nowMs - time < windowMs);
  };
  return {
    mayMend: (key, userTemplate, nowMs) => {
      const times = recent(key, userTemplate, nowMs);
      const [oldest] = times;
      if (oldest === undefined || times.length < maxMends) return { type: 'yes' };
      return { type: 'no', againInMs: windowMs - (nowMs - oldest), count: times.length };
    },
    mended: (key, userTemplate, nowMs) => {
      histories.set(key, { userTemplate, times: [...recent(key, userTemplate, nowMs), nowMs] });
    },
    forget: (key) => {
      histories.delete(key);
    },
  };
}
