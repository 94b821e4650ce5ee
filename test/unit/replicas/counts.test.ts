// What waits for the leader, within bounds.
import { expect, test } from '@jest/globals';
import { WaitingCounts } from '../../../operator/replicas/counts.ts';
import { noTags, type Point } from '../../../operator/telemetry/point.ts';

const point = (route: string): Point => ({
  metric: 'inbound.requests',
  tags: { ...noTags, route },
  count: 1,
  buckets: null,
});

test.each([
  ['usual tags', 'GET /cart', 101],
  ['tags of a thousand characters, which wait in place of four', 'r'.repeat(1_000), 26],
])('reports wait while there is no leader: of a thousand points with %s', (_what, route, reports) => {
  const waiting = new WaitingCounts();
  const points = Array.from({ length: 1_000 }, () => point(route));
  for (let at = 0; at < 200; at += 1) waiting.add({ workload: 'Pod/shop/a', points });

  expect(waiting.take()).toHaveLength(reports);
  expect(waiting.take()).toEqual([]);
});
