// What goes wrong around the operator on a cluster, and what must not suffer from it: the API server or the operator
// itself gone, a damaged certificate authority, a sidecar that claims to be another. Real processes throughout.
import { isDeepStrictEqual } from 'node:util';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/data-plane/closing.ts';
import { apiServerAvailable } from '../support/kubernetes.ts';
import { type ShopCluster, startShopCluster } from '../support/operator/shop-cluster.ts';
import { reviewsSplit, serviceAccount, type ShopPod, shopPods } from '../support/operator/shop.ts';
import { changeCounters, splitOfReviews } from '../support/pod-proxy.ts';

const available = await apiServerAvailable();
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);
const suite = available.available ? describe : describe.skip;

const reviews = 'trafficpolicy/reviews';
const programmed = 'condition=Programmed';
const caSecret = ['secret', 'meshwright-ca', '--namespace', 'meshwright-system'] as const;

const latecomer: ShopPod = { name: 'ratings-v1-0', app: 'ratings', version: 'v1', address: '10.1.0.4' };
const doomed: ShopPod = { name: 'reviews-v1-1', app: 'reviews', version: 'v1', address: '10.1.0.6' };
const impostor: ShopPod = { name: 'reviews-v3-0', app: 'reviews', version: 'v3', address: '10.1.0.5' };

suite('an operator on a cluster', () => {
  const closing = new Closing();
  let cluster: ShopCluster;

  const counters = (): Promise<unknown[]> =>
    Promise.all([...cluster.proxies.values()].map((proxy) => changeCounters(proxy)));
  const splits = (): Promise<unknown[]> => Promise.all([...cluster.proxies.values()].map(splitOfReviews));
  const secretVersions = (): Promise<string> =>
    cluster.kubectl([
      'get',
      'secrets',
      '--all-namespaces',
      '-o',
      'jsonpath={range .items[*]}{.metadata.name} {.metadata.resourceVersion}{"\\n"}{end}',
    ]);
  /** A proxy that reconnects turns Programmed to False and back, so that times differ. */
  const statusOf = async (what: string): Promise<object> => {
    const found = (await cluster.get(what)).status;
    const conditions = found?.conditions?.map((condition) => ({ ...condition, lastTransitionTime: '' }));
    return { ...found, conditions };
  };

  beforeAll(async () => {
    cluster = await startShopCluster();
    closing.add(() => cluster.stop());
    await cluster.apply(reviewsSplit(90, 10));
    await cluster.waitFor(reviews, programmed);
  });
  afterAll(() => closing.close());

  test('while the API server is gone the proxies are left alone; when it is back, policies go on', async () => {
    const [before, { length: logged }] = [await counters(), await cluster.operator.log()];
    await cluster.server.stopServer();
    await cluster.until(async () => {
      const news = (await cluster.operator.log()).slice(logged);
      return news.some(({ msg }) => msg === 'watch lost, relisting') ? true : undefined;
    });
    await cluster.server.startAgain();
    await cluster.apply(reviewsSplit(70, 30));
    await cluster.waitFor(reviews, programmed);

    expect(await splits()).toEqual(shopPods.map(() => ({ v1: 70, v2: 30 })));
    expect(await counters()).toEqual(before);
    expect((await cluster.get('mesh/default')).status?.proxies).toMatchObject({
      connected: 3,
      summary: '3/3',
    });
  });

  test('an operator that was killed finds certificates, proxies and statuses as they were', async () => {
    const [changes, secrets] = [await counters(), await secretVersions()];
    // The status of the Mesh is written by itself, and may still count what was under way.
    await cluster.waitFor('mesh/default', `jsonpath={.status.proxies.current}=${shopPods.length}`);
    await cluster.waitFor('mesh/default', 'jsonpath={.status.policies.summary}=1/1');
    const statuses = await Promise.all(['mesh/default', reviews].map(statusOf));
    await cluster.operator.kill();
    await cluster.startOperatorAgain();
    await cluster.untilConnected(shopPods.length);

    await cluster.until(async () => {
      const now = await Promise.all(['mesh/default', reviews].map(statusOf));
      return isDeepStrictEqual(now, statuses) ? true : undefined;
    });
    expect(await counters()).toEqual(changes);
    expect(await secretVersions()).toBe(secrets);
    await cluster.apply(reviewsSplit(60, 40));
    await cluster.waitFor(reviews, programmed);
    expect(await splits()).toEqual(shopPods.map(() => ({ v1: 60, v2: 40 })));
    expect(await counters()).toEqual(changes);
  });

  test('a sidecar that bears the certificate of another service account is refused and never counted', async () => {
    await cluster.applyPods([impostor]);
    const proxy = await cluster.startProxy(impostor, { identity: 'productpage' });
    try {
      const refusal = await proxy.waitFor(async () =>
        // gRPC encodes the message for a header.
        (await proxy.log()).map(decodeURIComponent).find((line) => line.includes('stream to xds closed')),
      );
      expect(refusal).toContain(
        `closed: ${status.PERMISSION_DENIED}, spiffe://cluster.local/ns/shop/sa/productpage may not ask as Pod/shop/reviews-v3-0`,
      );
      await cluster.apply(reviewsSplit(50, 50));
      await cluster.waitFor(reviews, programmed);
      const { proxies } = (await cluster.get(reviews)).status ?? {};
      expect(proxies).toEqual({ programmed: 3, total: 3, summary: '3/3' });
      expect((await cluster.get('mesh/default')).status?.proxies).toMatchObject({ connected: 3 });
      expect(await proxy.ready()).toBe(false);
    } finally {
      await cluster.stopProxy(impostor.name);
    }
  });

  test('a sidecar whose Pod is gone is not counted, whatever it still runs', async () => {
    await cluster.applyPods([doomed]);
    const proxy = await cluster.startProxy(doomed);
    try {
      await cluster.untilCurrent(shopPods.length + 1);
      await cluster.kubectl(['delete', 'pod', doomed.name, '--force', '--grace-period=0']);
      await cluster.untilCurrent(shopPods.length);

      await cluster.apply(reviewsSplit(45, 55));
      await cluster.waitFor(reviews, programmed);
      const { proxies } = (await cluster.get(reviews)).status ?? {};
      expect(proxies).toEqual({ programmed: 3, total: 3, summary: '3/3' });
      expect(proxy.running()).toBe(true);
    } finally {
      await cluster.stopProxy(doomed.name);
    }
  });

  test('a damaged root stops certificates, says what to do, and is not overwritten', async () => {
    const good = await cluster.kubectl(['get', ...caSecret, '-o', 'jsonpath={.data.tls\\.key}']);
    const damage = async (key: string): Promise<void> => {
      await cluster.kubectl(['patch', ...caSecret, '-p', JSON.stringify({ data: { 'tls.key': key } })]);
    };
    await damage(Buffer.from('scribble').toString('base64'));
    await cluster.apply(serviceAccount(latecomer.app));
    await cluster.applyPods([latecomer]);
    const ready = await cluster.until(async () => {
      const found = await cluster.condition('mesh/default', 'Ready');
      return found?.message.startsWith('The root') === true ? found : undefined;
    });
    expect([ready.status, ready.reason]).toEqual(['False', 'CertificateNotReady']);
    expect(ready.message).toBe(
      'The root in Secret meshwright-system/meshwright-ca has no readable PEM private key in tls.key. ' +
        'No certificate is issued or renewed until tls.crt and tls.key contain a valid root. ' +
        'Restore them from a backup. Or delete it, and Meshwright creates a new root; connections then fail until every workload has a certificate from the new root.',
    );
    const [scribble, listed] = await Promise.all([
      cluster.kubectl(['get', ...caSecret, '-o', 'jsonpath={.data.tls\\.key}']),
      cluster.kubectl(['get', 'secrets', '-o', 'name']),
    ]);
    expect(Buffer.from(scribble, 'base64').toString()).toBe('scribble');
    expect(listed).not.toContain(latecomer.app);
    // Policies need no new certificate.
    await cluster.apply(reviewsSplit(40, 60));
    await cluster.waitFor(reviews, programmed);

    await damage(good);
    await cluster.waitFor('mesh/default', 'condition=Ready');
    await cluster.secretOf(latecomer.app);
    // A Pod without a sidecar would be waited for by the next operator.
    await cluster.kubectl(['delete', 'pod', latecomer.name, '--force', '--grace-period=0']);
  });

  test('SIGTERM ends it with code 0, and no part of it is given up; the next one takes up what was applied meanwhile', async () => {
    const before = await counters();
    expect(await exitOf(cluster)).toEqual({ code: 0, givenUp: [] });
    expect(await splits()).toEqual(shopPods.map(() => ({ v1: 40, v2: 60 })));

    await cluster.apply(reviewsSplit(30, 70));
    // What the last one wrote is of an earlier generation.
    await expect(cluster.waitFor(reviews, programmed, 1)).rejects.toThrow('timed out');
    // Not before all three are back, although the first to come would do for `1/1`.
    const obeyed = cluster.waitFor(reviews, programmed, 90);
    await Promise.all([obeyed, cluster.startOperatorAgain()]);

    expect(await splits()).toEqual(shopPods.map(() => ({ v1: 30, v2: 70 })));
    expect(await counters()).toEqual(before);
  });

  test('SIGTERM ends it also while the API server is gone', async () => {
    await cluster.server.stopServer();

    expect(await exitOf(cluster)).toEqual({ code: 0, givenUp: [] });
  });
});

/** Tells the operator to end. givenUp: parts that did not within their 10 s. */
async function exitOf({ operator }: ShopCluster): Promise<{ code: number | null; givenUp: unknown[] }> {
  const code = await operator.terminate();
  const late = (await operator.log()).filter((line) => JSON.stringify(line).includes('It was still at work'));
  return { code, givenUp: late.map(({ component }) => component) };
}
