import { afterAll, beforeAll, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { type ShopCluster, startShopCluster } from '../support/operator/shop-cluster.ts';
import { reviewsSplit, shopPods } from '../support/operator/shop.ts';
import { splitOfReviews } from '../support/pod-proxy.ts';
let c: ShopCluster;
const out: string[] = [];
const say = (x: unknown) => out.push(typeof x === 'string' ? x : JSON.stringify(x));
beforeAll(async () => { c = await startShopCluster(); await c.apply(reviewsSplit(90, 10)); await c.waitFor('tp/reviews', 'condition=Programmed'); }, 60000);
afterAll(async () => { await writeFile('/tmp/explore.txt', out.join('\n')); await c.stop(); }, 20000);
test('pod deleted, proxy lives on', async () => {
  const p = shopPods[1]!;
  await c.kubectl(['delete', 'pod', p.name, '--grace-period=0', '--force']);
  await c.apply(reviewsSplit(20, 80));
  await c.waitFor('tp/reviews', 'condition=Programmed', 5).catch((e) => say(String(e)));
  say((await c.get('tp/reviews')).status?.proxies); say((await c.get('mesh/default')).status?.proxies);
  say(await Promise.all([...c.proxies.values()].map(splitOfReviews)));
  say([...c.proxies.keys()]);
}, 60000);
