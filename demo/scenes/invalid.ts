// Scene: a mistake that the schema finds. Traffic goes on with the last good version.
import { conditionOf } from '../mesh/statuses.ts';
import type { Status } from '../mesh/statuses.ts';
import { failureCount, describeOutcome, type Outcome as Traffic } from '../traffic/steady.ts';
import { reviewsPolicy, withRetries } from './reviews-policy.ts';
import type { Scene } from './scene.ts';
import { countVersions } from './split.ts';

const testerCalls = 30;

interface Outcome {
  readonly broken: Status;
  readonly traffic: Traffic;
  readonly testersOnV3: number;
  readonly repaired: Status;
}

export const invalid: Scene<Outcome> = {
  title: 'A typing mistake',
  explain:
    'Somebody writes a word where a number belongs. Accepted turns False and says what to do; no sidecar hears of it, and the last good version stays in force until the mistake is mended.',

  async play(stage) {
    const traffic = stage.startTraffic();
    const { status: broken } = await stage.apply(reviewsPolicy({ v1: 'ninety', more: withRetries }), {
      condition: 'Accepted',
      status: 'False',
    });
    await stage.table();
    const testers = countVersions(
      await stage.visitMany(testerCalls, 'productpage', { 'x-group': 'testers' }),
    );
    const { status: repaired } = await stage.apply(reviewsPolicy({ v1: 90, more: withRetries }));
    const outcome = await traffic.stop();
    stage.screen.fact(`Meanwhile ${describeOutcome(outcome)}.`);
    return { broken, traffic: outcome, testersOnV3: testers.get('v3') ?? 0, repaired };
  },

  check: ({ broken, traffic, testersOnV3, repaired }) => [
    {
      holds: conditionOf(broken, 'Accepted')?.message.includes('weight') ?? false,
      text: 'Accepted=False names the field that is wrong',
    },
    {
      holds: failureCount(traffic) === 0 && traffic.sent > 0,
      text: `traffic went on: ${describeOutcome(traffic)}`,
    },
    {
      holds: testersOnV3 === testerCalls,
      text: 'the last good version stayed in force: every tester still got v3',
    },
    {
      holds: conditionOf(repaired, 'Programmed')?.status === 'True',
      text: 'mended, the policy is in force again',
    },
  ],
};
