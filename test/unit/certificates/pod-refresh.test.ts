// Who is told of a certificate that was replaced before its time.
import { expect, test } from '@jest/globals';
import { createPodRefresh } from '../../../operator/certificates/pod-refresh.ts';
import { sampleWorkload } from '../../support/mesh-samples.ts';
import { rememberingLog } from '../../support/remembering-log.ts';
import { until } from '../../support/until.ts';

const of = (serviceAccount: string): { namespace: string; serviceAccount: string; spiffeId: string } => ({
  namespace: 'shop',
  serviceAccount,
  spiffeId: `spiffe://cluster.local/ns/shop/sa/${serviceAccount}`,
});
const pod = (name: string, serviceAccount: string): ReturnType<typeof sampleWorkload> =>
  sampleWorkload(name, {
    kind: 'Pod',
    key: `Pod/shop/${name}`,
    name,
    namespace: 'shop',
    identity: of(serviceAccount),
  });

test('every pod that bears the identity, one after the other; one that fails does not stop the rest', async () => {
  const { log, lines } = rememberingLog();
  const told: string[] = [];
  const refresh = createPodRefresh({
    pods: {
      annotate: () => Promise.resolve(),
      evict: () => Promise.resolve({ type: 'evicted' }),
      refresh: async (namespace, name) => {
        if (name === 'reviews-1') throw new Error('not today');
        told.push(`${namespace}/${name}`);
        await Promise.resolve();
      },
      event: () => Promise.resolve(),
    },
    workloads: () => [
      pod('reviews-1', 'reviews'),
      pod('ratings-1', 'ratings'),
      pod('reviews-2', 'reviews'),
      { ...pod('vm', 'reviews'), kind: 'ExternalWorkload' },
    ],
    log,
  });

  refresh(of('reviews'));
  await until('all are told', () => told.length === 1);

  expect(told).toEqual(['shop/reviews-2']);
  expect(lines).toHaveLength(1);
});
