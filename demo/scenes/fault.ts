// Scene: a fault is injected, seen by callers, then hidden from them by retries.
import type { Reply } from '../traffic/call.ts';
import { binomialRange, percent } from '../traffic/statistics.ts';
import { reviewsPolicy, withRetries } from './reviews-policy.ts';
import type { Scene } from './scene.ts';

const calls = 300;
const faultPercentage = 40;
/** As in withRetries: each call is tried once and up to 8 times more. */
const tries = 9;

const ratingsFault = `apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata:
  namespace: shop
  name: ratings
spec:
  targetRefs:
  - {kind: Service, name: ratings}
  routes:
  - fault:
      abort: {status: 503, percentage: ${faultPercentage}}
`;

interface Outcome {
  readonly failedBefore: number;
  readonly failedAfter: number;
}

export const fault: Scene<Outcome> = {
  title: 'A fault, and how retries hide it',
  explain:
    'A second TrafficPolicy lets 40 % of the calls of ratings fail with 503: reviews fails, and so does the product page. Then the policy of reviews learns to retry: the fault is still there, but its callers no longer see it.',

  async play(stage) {
    const { ref } = await stage.apply(ratingsFault);
    const failedBefore = countFailures(await stage.visitMany(calls, 'productpage'));
    stage.screen.fact(
      `${calls} calls of productpage: ${failedBefore} failed (${percent(failedBefore, calls)})`,
    );
    await stage.apply(reviewsPolicy({ v1: 90, more: withRetries }));
    const failedAfter = countFailures(await stage.visitMany(calls, 'productpage'));
    stage.screen.fact(
      `${calls} calls of productpage: ${failedAfter} failed (${percent(failedAfter, calls)})`,
    );
    await stage.table();
    await stage.remove(ref);
    return { failedBefore, failedAfter };
  },

  check: ({ failedBefore, failedAfter }) => {
    const before = binomialRange(calls, faultPercentage / 100);
    const after = binomialRange(calls, (faultPercentage / 100) ** tries);
    return [
      {
        holds: failedBefore >= before.low && failedBefore <= before.high,
        text: `without retries ${percent(failedBefore, calls)} failed: chance alone keeps ${faultPercentage} % of ${calls} within ${before.low} to ${before.high}`,
      },
      {
        holds: failedAfter <= after.high,
        text: `with retries ${failedAfter} failed: ${tries} tries all fail once in ${Math.round((100 / faultPercentage) ** tries)} calls, so at most ${after.high}`,
      },
    ];
  },
};

function countFailures(replies: readonly Reply[]): number {
  return replies.filter(({ status }) => status !== 200).length;
}
