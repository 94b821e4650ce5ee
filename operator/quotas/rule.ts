// What the room knows of a quota, and what it says to sidecars. Pure.

export interface QuotaRule {
  /** Admitted in each period. */
  readonly limit: number;
  /** Whole seconds, in milliseconds. */
  readonly periodMs: number;
  readonly window: 'Fixed' | 'Sliding';
  /** Admitted at once, while the others come back evenly; null: all. */
  readonly burst: number | null;
  /** False: all are admitted, and counted. */
  readonly isEnforced: boolean;
  /** Keys of the workloads whose sidecars share it. */
  readonly servers: ReadonlySet<string>;
}

/** What a sidecar counted in a bucket since it reported last. */
export interface Usage {
  readonly allowed: number;
  readonly denied: number;
}

export interface KeyUsage {
  readonly key: string;
  readonly usage: Usage;
}

/** What a sidecar is to do with the requests of a bucket. */
export type Assignment =
  /** So many from now on. */
  | { readonly type: 'Tokens'; readonly tokens: number }
  /** So many at once, and so many come back in each period. */
  | {
      readonly type: 'Rate';
      readonly burst: number;
      readonly tokens: number;
      readonly periodMs: number;
    }
  /** All. */
  | { readonly type: 'Allow' }
  /** Nobody has asked for it for long: the sidecar forgets the bucket. */
  | { readonly type: 'Forget' };

/** Envoy 1.40 reports so often, whatever it is told. */
export const reportMs = 5_000;

/** Shorter periods are over before sidecars have reported twice. */
const shortPeriodMs = 2 * reportMs;

/** Whether a sidecar gets a share of the rate; else it gets one of what is left. */
export function isRate({ periodMs, burst }: Pick<QuotaRule, 'periodMs' | 'burst'>): boolean {
  return periodMs < shortPeriodMs || burst !== null;
}

/** Admitted at once of so many in a period. */
export function burstOf({ limit, burst }: QuotaRule, tokens: number): number {
  const atOnce = burst === null ? tokens : Math.round((burst * tokens) / limit);
  return tokens === 0 ? 0 : Math.max(1, atOnce);
}
