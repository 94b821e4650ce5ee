// Who is told of a certificate that was replaced before its time.
import { expect, test } from '@jest/globals';
import { createPodRefresh, type PodRefresh } from '../../../operator/certificates/pod-refresh.ts';
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

function refreshOf(told: string[]): ReturnType<typeof rememberingLog> & { readonly refresh: PodRefresh } {
  const remembering = rememberingLog();
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
      { ...pod('details-1', 'details'), hasPodCertificate: true },
      { ...pod('vm', 'reviews'), kind: 'ExternalWorkload' },
    ],
    log: remembering.log,
  });
  return { ...remembering, refresh };
}

test('every pod that has the identity, one after the other; one that fails does not stop the rest', async () => {
  const told: string[] = [];
  const { refresh, lines } = refreshOf(told);

  refresh.onReplaced(of('reviews'));
  await until('all are told', () => told.length === 1);

  expect(told).toEqual(['shop/reviews-2']);
  expect(lines).toHaveLength(1);
});

test('these pods once more, if their certificate comes from a Secret, and not while that is under way', async () => {
  const told: string[] = [];
  const { refresh } = refreshOf(told);

  for (let times = 0; times < 2; times += 1)
    refresh.onOverdue(['Pod/shop/ratings-1', 'Pod/shop/reviews-1', 'Pod/shop/details-1', 'Pod/shop/gone']);
  await until('it is told', () => told.length === 1);
  refresh.onOverdue(['Pod/shop/reviews-2']);
  await until('it is told again', () => {
    refresh.onOverdue(['Pod/shop/reviews-2']);
    return told.length >= 2;
  });

  expect(told.slice(0, 2)).toEqual(['shop/ratings-1', 'shop/reviews-2']);
});

test('thousands that cannot be written are two lines of the log', async () => {
  const { log, lines } = rememberingLog();
  let asked = 0;
  const refresh = createPodRefresh({
    pods: {
      annotate: () => Promise.resolve(),
      evict: () => Promise.resolve({ type: 'evicted' }),
      refresh: async () => {
        asked += 1;
        return Promise.reject(new Error('pods is forbidden'));
      },
      event: () => Promise.resolve(),
    },
    workloads: () => Array.from({ length: 3000 }, (_, at) => pod(`reviews-${at}`, 'reviews')),
    log,
  });

  refresh.onReplaced(of('reviews'));
  await until('all were tried', () => lines.length > 1);

  expect(asked).toBe(3000);
  expect(lines).toMatchObject([
    { fields: { workload: 'Pod/shop/reviews-0' } },
    { fields: { failed: 3000, of: 3000 } },
  ]);
});
