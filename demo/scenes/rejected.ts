// Scene: a mistake that only Envoy finds. One policy is refused by the proxies; everything else flows on.
import { conditionOf, type Status } from '../mesh/statuses.ts';
import { binomialRange, percent } from '../traffic/statistics.ts';
import { describeOutcome, failureCount, type Outcome as Traffic } from '../traffic/steady.ts';
import { reviewsPolicy, withRetries } from './reviews-policy.ts';
import type { Scene } from './scene.ts';
import { countVersions, describeCounts } from './split.ts';

const calls = 400;

const lookahead = `apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata:
  namespace: shop
  name: ratings
spec:
  targetRefs:
  - {kind: Service, name: ratings}
  routes:
  - matches:
    - headers: [{type: RegularExpression, name: x-group, value: '(?=test)ers'}]
`;

interface Outcome {
  readonly rejected: Status;
  readonly other: Status;
  readonly v2: number;
  readonly traffic: Traffic;
}

export const rejected: Scene<Outcome> = {
  title: 'A mistake that only the proxies find',
  explain:
    'The expression (?=test)ers is none that Envoy knows. The operator has a check of its own for that; for this demo it is switched off (--skip-check re2), so the proxies themselves say no: Programmed turns False with their words. The other policies do not notice.',

  async play(stage) {
    const traffic = stage.startTraffic();
    const { ref, status } = await stage.apply(lookahead, {
      condition: 'Programmed',
      status: 'False',
      reason: 'Rejected',
    });
    const other = await stage.apply(reviewsPolicy({ v1: 50, more: withRetries }));
    await stage.table();
    const versions = countVersions(await stage.visitMany(calls, 'productpage'));
    stage.screen.fact(`${calls} calls of productpage: ${describeCounts(versions)}`);
    await stage.remove(ref);
    const outcome = await traffic.stop();
    stage.screen.fact(`Meanwhile ${describeOutcome(outcome)}.`);
    await stage.table();
    return { rejected: status, other: other.status, v2: versions.get('v2') ?? 0, traffic: outcome };
  },

  check: ({ rejected: refused, other, v2, traffic }) => {
    const message = conditionOf(refused, 'Programmed')?.message ?? '';
    const { low, high } = binomialRange(calls, 0.5);
    return [
      { holds: message.includes('(?='), text: "the policy's status has Envoy's own words" },
      {
        holds: /ExternalWorkload\/shop\/\S+ rejected VirtualHost/.test(message),
        text: 'and the name of a proxy that refused',
      },
      {
        holds: message.includes('Fix spec.routes[0].matches[0].headers[0].value.'),
        text: 'and the field that the mistake is in',
      },
      {
        holds: conditionOf(other, 'Programmed')?.status === 'True' && v2 >= low && v2 <= high,
        text: `another policy, changed meanwhile, took effect: v2 got ${percent(v2, calls)} (50 % of ${calls} is within ${low} to ${high})`,
      },
      {
        holds: failureCount(traffic) === 0 && traffic.sent > 0,
        text: `traffic went on: ${describeOutcome(traffic)}`,
      },
    ];
  },
};
