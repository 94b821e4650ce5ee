// Every operator signs, from the first Mesh on: no leader, no snapshot and no sidecar is needed.
import { expect, test } from '@jest/globals';
import type {
  PodCertificate,
  PodCertificatePort,
  RequestSink,
} from '../../../operator/ports/pod-certificate-port.ts';
import { createLog } from '../../../operator/process/log.ts';
import { createMetrics } from '../../../operator/process/metrics.ts';
import { createBoard } from '../../../operator/wiring/board.ts';
import { createSigning } from '../../../operator/wiring/signing.ts';
import { resourcesFromYaml } from '../../support/builders.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { MemorySecrets } from '../../support/memory-secrets.ts';
import { sampleMesh } from '../../support/mesh-samples.ts';
import { until } from '../../support/until.ts';
import { samplePod, sampleRequest, stubOf } from '../certificates/pod-request-samples.ts';
import { startOfTest } from '../certificates/support.ts';

test('a request that came before the Mesh is told of, and signed with it', async () => {
  const board = createBoard();
  const metrics = createMetrics();
  const issued: PodCertificate[] = [];
  let sink: RequestSink | undefined;
  const podCertificates: PodCertificatePort = {
    support: () => Promise.resolve({ isServed: true, nodes: [] }),
    watch: (to, signal) => {
      sink = to;
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    },
    pod: () => Promise.resolve(samplePod),
    issue: (_, certificate) => {
      issued.push(certificate);
      return Promise.resolve('written');
    },
    deny: () => Promise.reject(new Error('nothing is denied')),
    publishTrust: () => Promise.resolve(),
  };
  const { component } = createSigning(board, {
    platform: { secrets: new MemorySecrets(), podCertificates },
    settings: { namespace: 'meshwright-system' },
    metrics,
    clock: new FakeClock(startOfTest),
    log: createLog('silent'),
  });
  await component?.start();
  sink?.waiting(sampleRequest({ stub: (await stubOf()).stub }));
  await until('it is told of', () => board.waitingRequests.get().length === 1);
  expect(board.waitingRequests.get()).toMatchObject([{ why: 'No Mesh is in force. Create a Mesh.' }]);
  expect(await metrics.render()).toContain('meshwright_pod_certificate_requests_waiting 1');

  board.resources.set(
    resourcesFromYaml('{kind: Namespace, metadata: {name: shop, labels: {meshwright.dev/mesh: enabled}}}'),
  );
  board.translation.set({
    ir: sampleMesh({}),
    verdicts: [],
    podRecords: [],
    mtlsPlaces: [],
    addressClaims: [],
    keySources: [],
  });
  await until('it is signed', () => board.waitingRequests.get().length === 0);

  expect(issued).toHaveLength(1);
  expect(await metrics.render()).toContain('meshwright_pod_certificate_requests_total{result="issued"} 1');
  expect(await metrics.render()).toContain('meshwright_pod_certificate_requests_waiting 0');
  await component?.stop();
  metrics.close();
});

test('without a cluster there is nothing to sign', () => {
  const board = createBoard();
  const metrics = createMetrics();

  const made = createSigning(board, {
    platform: { secrets: new MemorySecrets() },
    settings: { namespace: 'meshwright-system' },
    metrics,
    clock: new FakeClock(),
    log: createLog('silent'),
  });

  expect(made).toEqual({});
  metrics.close();
});
