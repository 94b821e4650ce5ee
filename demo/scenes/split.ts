// Scene: traffic split by weight and by header, measured.
import { versionOf } from '../shop/answer.ts';
import type { Reply } from '../traffic/call.ts';
import { binomialRange, percent } from '../traffic/statistics.ts';
import { reviewsPolicy } from './reviews-policy.ts';
import type { Scene } from './scene.ts';

const calls = 1000;
const testerCalls = 50;

interface Outcome {
  readonly everyone: ReadonlyMap<string, number>;
  readonly testers: ReadonlyMap<string, number>;
}

export const split: Scene<Outcome> = {
  title: 'A release to one in ten, and to testers',
  explain:
    'A TrafficPolicy sends 90 % of the calls of reviews to v1 and 10 % to v2; whoever sends the header x-group: testers gets v3. Programmed=True means: every sidecar has acknowledged the configuration made from it.',

  async play(stage) {
    await stage.apply(reviewsPolicy({ v1: 90 }));
    await stage.table();
    const everyone = countVersions(await stage.visitMany(calls, 'productpage'));
    stage.screen.fact(`${calls} calls of productpage: ${describeCounts(everyone)}`);
    const testers = countVersions(
      await stage.visitMany(testerCalls, 'productpage', { 'x-group': 'testers' }),
    );
    stage.screen.fact(`${testerCalls} calls with x-group: testers: ${describeCounts(testers)}`);
    return { everyone, testers };
  },

  check: ({ everyone, testers }) => {
    const v1 = everyone.get('v1') ?? 0;
    const v2 = everyone.get('v2') ?? 0;
    const { low, high } = binomialRange(calls, 0.1);
    return [
      { holds: v1 + v2 === calls, text: `all ${calls} calls were answered by v1 or v2` },
      {
        holds: v2 >= low && v2 <= high,
        text: `v2 got ${percent(v2, calls)}: chance alone keeps 10 % of ${calls} within ${low} to ${high}`,
      },
      { holds: testers.get('v3') === testerCalls, text: 'every tester got v3' },
    ];
  },
};

/** How many replies each version of reviews had a part in; failures count as their status. */
export function countVersions(replies: readonly Reply[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { status, answer } of replies) {
    const version = (answer === undefined ? undefined : versionOf(answer, 'reviews')) ?? `status ${status}`;
    counts.set(version, (counts.get(version) ?? 0) + 1);
  }
  return counts;
}

/** `v1 904, v2 96` */
export function describeCounts(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([version, count]) => `${version} ${count}`)
    .join(', ');
}
