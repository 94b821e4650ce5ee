// Who uses how much of a quota in the present window. Pure.
import type { KeyUsage, Usage } from './rule.ts';

export interface QuotaUsage {
  /** `shop/reviews/per-caller@shop/reviews` */
  readonly quota: string;
  /** When the window began. */
  readonly sinceMs: number;
  /** Keys that requests had. */
  readonly keys: number;
  readonly total: Usage;
  /** Those with the most requests, the first first. */
  readonly top: readonly KeyUsage[];
}

const mostTop = 5;

export function usageOf(
  { quota, sinceMs }: Pick<QuotaUsage, 'quota' | 'sinceMs'>,
  counted: Iterable<KeyUsage>,
): QuotaUsage {
  let [keys, allowed, denied] = [0, 0, 0];
  let top: readonly KeyUsage[] = [];
  for (const one of counted) {
    if (requestsOf(one) === 0) continue;
    keys += 1;
    allowed += one.usage.allowed;
    denied += one.usage.denied;
    const last = top.at(mostTop - 1);
    if (last === undefined || requestsOf(one) > requestsOf(last))
      top = [...top, one].toSorted((a, b) => requestsOf(b) - requestsOf(a)).slice(0, mostTop);
  }
  return { quota, sinceMs, keys, total: { allowed, denied }, top };
}

function requestsOf({ usage: { allowed, denied } }: KeyUsage): number {
  return allowed + denied;
}
