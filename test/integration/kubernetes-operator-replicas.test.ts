// Two operators on one cluster: both serve sidecars, one writes, and what it writes counts the sidecars of both. Real API
// server, the operators as processes of their own, real Envoys.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { Closing } from '../support/data-plane/closing.ts';
import { apiServerAvailable } from '../support/kubernetes.ts';
import { type OperatorProcess, startOperator } from '../support/operator.ts';
import { type ReadCondition, type ShopCluster, startShop } from '../support/operator/shop-cluster.ts';
import { reviewsSplit, type ShopPod, shopPods } from '../support/operator/shop.ts';

const available = await apiServerAvailable();
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);
const suite = available.available ? describe : describe.skip;

const reviews = 'trafficpolicy/reviews';
const Lease = z.object({ spec: z.object({ holderIdentity: z.string() }) });
/** Of a Lease, and half again for a busy machine. */
const failoverMs = 15_000;

suite('two operators', () => {
  const closing = new Closing();
  const [first, second, third] = shopPods as [ShopPod, ShopPod, ShopPod];
  let cluster: ShopCluster;
  let other: OperatorProcess;

  const another = async (): Promise<OperatorProcess> => {
    const operator = await startOperator({ kubeconfigPath: cluster.server.kubeconfigPath });
    closing.add(() => operator.stop());
    await operator.ready();
    return operator;
  };
  const holder = async (): Promise<string> => {
    const text = await cluster.kubectl([
      'get',
      'lease',
      'meshwright-operator',
      '-n',
      'meshwright-system',
      '-o',
      'json',
    ]);
    return Lease.parse(JSON.parse(text)).spec.holderIdentity;
  };
  /** In milliseconds. */
  const untilAnotherHolds = async (than: string): Promise<number> => {
    const start = performance.now();
    await cluster.until(async () => {
      const now = await holder();
      return now !== '' && now !== than ? now : undefined;
    }, failoverMs);
    return performance.now() - start;
  };
  const counts = async (): Promise<unknown> => (await cluster.get(reviews)).status?.proxies;
  /** Programmed=Unknown of this generation: of the one before it may be so, too, and while sidecars within reach are waited for it is False. */
  const untilUnknown = async (generation: number): Promise<ReadCondition | undefined> => {
    let last: ReadCondition | undefined;
    const isUnknown = async (): Promise<true | undefined> => {
      last = await cluster.condition(reviews, 'Programmed');
      return (last?.status === 'Unknown' && last.observedGeneration === generation) || undefined;
    };
    await cluster.until(isUnknown).catch(() => undefined);
    return last;
  };

  beforeAll(async () => {
    cluster = await startShop();
    // The other one would lead if it came before the first had its Lease.
    await cluster.until(async () => {
      const now = await holder().catch(() => '');
      return now === '' ? undefined : now;
    });
    closing.add(() => cluster.stop());
    other = await another();
    const { xdsPort } = await other.ready();
    await cluster.startProxy(first);
    await cluster.startProxy(second);
    await cluster.startProxy(third, { xds: { address: '127.0.0.1', port: xdsPort } });
  }, 300_000);
  afterAll(() => closing.close(), 300_000);

  test('the status counts the sidecars of both', async () => {
    await cluster.untilCurrent(3);
    await cluster.apply(reviewsSplit(90, 10));
    await cluster.waitFor(reviews, 'condition=Programmed');

    expect(await counts()).toEqual({ programmed: 3, total: 3, summary: '3/3' });
  }, 300_000);

  test('a sidecar of the other operator that does not answer keeps a policy from being programmed', async () => {
    cluster.proxy(third.name).signal('SIGSTOP');
    try {
      await cluster.apply(reviewsSplit(50, 50));
      const message = `2 of 3 proxies have acknowledged generation 2. Waiting for Pod/shop/${third.name}; if this lasts, see the logs of its sidecar. Generation 1 still runs on 1 proxy.`;
      await cluster.until(async () => {
        const programmed = await cluster.condition(reviews, 'Programmed');
        return programmed?.message === message ? programmed : undefined;
      });
      await expect(cluster.waitFor(reviews, 'condition=Programmed', 1)).rejects.toThrow('timed out');
    } finally {
      cluster.proxy(third.name).signal('SIGCONT');
    }
    await cluster.waitFor(reviews, 'condition=Programmed');

    expect(await counts()).toEqual({ programmed: 3, total: 3, summary: '3/3' });
  }, 300_000);

  test('a leader that is stopped hands over, and the other one goes on', async () => {
    const before = await holder();
    const [, tookMs] = await Promise.all([cluster.operator.terminate(), untilAnotherHolds(before)]);
    process.stderr.write(`from SIGTERM to another leader: ${tookMs.toFixed(0)} ms\n`);
    await cluster.apply(reviewsSplit(20, 80));

    // The other two know no other address: what they obey nobody knows.
    expect(await untilUnknown(3)).toMatchObject({ status: 'Unknown', reason: 'Unreachable' });
    expect(await counts()).toMatchObject({ summary: '1/3' });
    // Each status is written by itself; that of the Mesh still tells of all of them.
    await cluster.waitFor('mesh/default', 'jsonpath={.status.proxies.summary}=1/3');
  }, 300_000);

  test('a leader that was killed is replaced', async () => {
    await cluster.startOperatorAgain();
    await cluster.untilCurrent(3);
    // The policy was Unknown, too: what the next leader says is to be told from it.
    await cluster.waitFor(reviews, 'condition=Programmed');
    const before = await holder();
    const [, tookMs] = await Promise.all([other.kill(), untilAnotherHolds(before)]);
    process.stderr.write(`from SIGKILL to another leader: ${tookMs.toFixed(0)} ms\n`);
    await cluster.apply(reviewsSplit(30, 70));

    expect(await untilUnknown(4)).toMatchObject({
      status: 'Unknown',
      message: expect.stringContaining(`Disconnected: Pod/shop/${third.name}`),
    });
    expect(await counts()).toMatchObject({ summary: '2/3' });
  }, 300_000);
});
