import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { apiServerAvailable } from '../support/kubernetes.ts';
import { type ShopCluster, startShopCluster } from '../support/operator/shop-cluster.ts';
import { reviewsSplit } from '../support/operator/shop.ts';

const available = await apiServerAvailable();
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);
const suite = available.available ? describe : describe.skip;

suite('policies on a cluster', () => {
  let cluster: ShopCluster;
  beforeAll(async () => {
    cluster = await startShopCluster();
  }, 60_000);
  afterAll(async () => {
    await cluster.stop();
  });

  test('x', async () => {
    await cluster.apply(reviewsSplit(90, 10));
    await cluster.waitFor('trafficpolicy/reviews', 'condition=Programmed');
    console.log(await cluster.kubectl(['get', 'mesh,tp,sp']));
    console.log(JSON.stringify(await cluster.get('tp/reviews')));
    console.log((await cluster.operator.log()).map((l) => JSON.stringify(l)).join('\n'));
  });
});
