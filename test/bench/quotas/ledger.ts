// What a report costs the leader, from its bytes to those of the answer: in this process, on one core.
import { encodeMessage } from '../../../operator/envoy/proto/registry.ts';
import { Ledger, mostKeys } from '../../../operator/quotas/ledger.ts';
import { readReport, writeAssignments } from '../../../operator/quotas/rlqs-messages.ts';
import type { Figures } from '../figures.ts';

const quota = 'shop/reviews/per-user@shop/reviews';

interface Case {
  readonly title: string;
  readonly sidecars: number;
  /** That each sidecar reports at once. */
  readonly keys: number;
  /** There are as many keys as are told apart already. */
  readonly isFull?: boolean;
}

const cases: readonly Case[] = [
  { title: 'leader: 20 sidecars, 500 keys', sidecars: 20, keys: 500 },
  { title: 'leader: 200 sidecars, 1 key', sidecars: 200, keys: 1 },
  { title: 'leader: 2 sidecars, 8,000 keys too many', sidecars: 2, keys: 8_000, isFull: true },
];

export function benchLedger(rounds: number): readonly (readonly [string, readonly Figures[]])[] {
  return cases.map((one) => [one.title, [play(one, rounds)]]);
}

function play({ sidecars, keys, isFull = false }: Case, rounds: number): Figures {
  const names = Array.from({ length: sidecars }, (_, index) => `Pod/shop/reviews-${index}`);
  const ledger = new Ledger();
  const servers = new Set(names);
  const rule = {
    limit: 1_000_000,
    periodMs: 86_400_000,
    window: 'Fixed',
    burst: null,
    isEnforced: true,
  } as const;
  ledger.setRules(new Map([[quota, { ...rule, servers }]]));
  const report = reportOf(isFull ? mostKeys : 0, keys);
  if (isFull) ledger.report(names[0] ?? '', readReport(reportOf(0, mostKeys)), 0);
  const took: number[] = [];
  // The first is played before those that count, as code is not compiled yet.
  for (let round = -1; round < rounds; round += 1) {
    const begun = performance.now();
    for (const name of names) writeAssignments(ledger.report(name, readReport(report), (round + 2) * 5_000));
    if (round >= 0) took.push((performance.now() - begun) / sidecars);
  }
  return { 'us/bucket': took.map((ms) => (1_000 * ms) / keys), 'ms/report': took };
}

function reportOf(from: number, keys: number): Buffer {
  const bucket_quota_usages = Array.from({ length: keys }, (_, index) => ({
    bucket_id: { bucket: { quota, key: `user-${from + index}` } },
    time_elapsed: { seconds: 5 },
    num_requests_allowed: 10,
  }));
  return Buffer.from(
    encodeMessage('envoy.service.rate_limit_quota.v3.RateLimitQuotaUsageReports', {
      domain: 'meshwright',
      bucket_quota_usages,
    }),
  );
}
