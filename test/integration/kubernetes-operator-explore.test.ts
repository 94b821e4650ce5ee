import { test } from '@jest/globals';
import { startShopCluster } from '../support/operator/shop-cluster.ts';
test.each(Array.from({ length: 8 }, (_, i) => i))('start %d', async () => { const c = await startShopCluster(); await c.stop(); }, 60000);
