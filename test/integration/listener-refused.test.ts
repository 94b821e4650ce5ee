// A sidecar whose only listener is refused, and that starts anew, holds up nobody: it never asks for the virtual hosts that a policy
// changes, and so runs nothing of an earlier version. On real Envoys.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { reservePorts } from '../../demo/process/ports.ts';
import type { Condition } from '../../api/v1alpha1/common.ts';
import { Closing } from '../support/data-plane/closing.ts';
import type { EnvoyProcess } from '../support/envoy.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { FilesOperator } from '../support/operator/files-operator.ts';
import { startFilesSidecar } from '../support/operator/files-sidecar.ts';

const trustDomain = 'refused.test';
const namespace = 'shop';
const closing = new Closing();
let operator: FilesOperator;
let root: string;

/** Both reach `details`, which nobody serves. */
const mesh = (free: number, taken: number): string => `
apiVersion: meshwright.dev/v1alpha1
kind: Mesh
metadata: { name: default }
spec: { trustDomain: ${trustDomain} }
---
apiVersion: v1
kind: Service
metadata: { namespace: shop, name: details }
spec: { selector: { app: nobody }, ports: [{ name: http, port: 80, appProtocol: http }] }
---
${caller('good', free)}
---
${caller('stuck', taken)}
`;

function caller(name: string, bindPort: number): string {
  return `
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: { namespace: shop, name: ${name}, labels: { app: ${name} } }
spec:
  address: 127.0.0.1
  serviceAccount: ${name}
  outbound: [{ service: details, port: 80, bindPort: ${bindPort} }]`;
}

const policy = (seconds: number): string => `
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: { namespace: shop, name: details }
spec:
  targetRefs: [{ kind: Service, name: details }]
  timeout: { request: ${seconds}s }
`;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'meshwright-refused-'));
  closing.add(() => rm(root, { recursive: true, force: true }));
  const block = await reservePorts(2);
  closing.add(() => block.release());
  const [free, taken] = [block.take(), block.take()];
  const squatter = createServer().listen(taken, '127.0.0.1');
  await once(squatter, 'listening');
  closing.add(async () => {
    squatter.close();
    await once(squatter, 'close');
  });
  operator = await FilesOperator.in(root);
  await operator.put('mesh.yaml', mesh(free, taken));
  await operator.put('policy.yaml', policy(1));
  await operator.start();
  closing.add(() => operator.kill());
});
afterAll(() => closing.close());

/** dir: a new one each time. */
async function start(name: string, folder = name): Promise<EnvoyProcess> {
  const { state, xdsPort } = operator;
  const dir = join(root, folder);
  const envoy = await startFilesSidecar({ state, xdsPort, namespace, name, trustDomain, dir });
  closing.add(() => envoy.stop());
  return envoy;
}

/** As soon as it says so of this generation. */
async function programmed(
  kind: 'TrafficPolicy' | 'ExternalWorkload',
  name: string,
  wanted: Pick<Condition, 'reason' | 'observedGeneration'>,
): Promise<string> {
  let last = '';
  const look = async (): Promise<string | undefined> => {
    const condition = (await operator.conditions({ kind, namespace, name }))?.['Programmed'];
    last = JSON.stringify(condition);
    const isSo =
      condition?.reason === wanted.reason && condition.observedGeneration === wanted.observedGeneration;
    return isSo ? condition.message : undefined;
  };
  return poll(look, { intervalMs: 50, deadlineMs: 60_000 }).catch((error: unknown) => {
    throw new Error(`not ${JSON.stringify(wanted)}, but ${last}`, { cause: error });
  });
}

test('a policy is programmed although a sidecar without a listener has started anew', async () => {
  await start('good');
  const stuck = await start('stuck');
  const refused = { reason: 'Rejected', observedGeneration: 1 };
  expect(await programmed('ExternalWorkload', 'stuck', refused)).toMatch(/Address already in use/);
  await programmed('TrafficPolicy', 'details', { reason: 'Programmed', observedGeneration: 1 });

  await stuck.stop();
  await start('stuck', 'stuck-again');
  await operator.put('policy.yaml', policy(2));

  await programmed('TrafficPolicy', 'details', { reason: 'Programmed', observedGeneration: 2 });
  await programmed('ExternalWorkload', 'stuck', refused);
});
