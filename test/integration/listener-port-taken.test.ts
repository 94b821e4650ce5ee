// A listener whose port is taken comes by itself once the port is free: nobody has to edit anything. On a real Envoy.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { reservePorts } from '../../demo/process/ports.ts';
import { Closing } from '../support/data-plane/closing.ts';
import type { EnvoyProcess } from '../support/envoy.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { FilesOperator } from '../support/operator/files-operator.ts';
import { startFilesSidecar } from '../support/operator/files-sidecar.ts';
import { testimony } from '../support/xds-envoy.ts';

const caller = { kind: 'ExternalWorkload', namespace: 'shop', name: 'caller' } as const;
const trustDomain = 'port.test';

const closing = new Closing();
let operator: FilesOperator;
let envoy: EnvoyProcess;
let squatter: Server;
let ports: readonly [free: number, taken: number];

const mesh = ([free, taken]: readonly [number, number]): string => `
apiVersion: meshwright.dev/v1alpha1
kind: Mesh
metadata: { name: default }
spec: { trustDomain: ${trustDomain} }
---
apiVersion: v1
kind: Service
metadata: { namespace: shop, name: details }
spec: { selector: { app: nobody }, ports: [{ name: http, port: 80, appProtocol: http }, { name: tcp, port: 90, appProtocol: tcp }] }
---
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: { namespace: shop, name: caller, labels: { app: caller } }
spec:
  address: 127.0.0.1
  serviceAccount: caller
  outbound:
    - { service: details, port: 80, bindPort: ${free} }
    - { service: details, port: 90, bindPort: ${taken} }
`;

beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), 'meshwright-port-'));
  closing.add(() => rm(root, { recursive: true, force: true }));
  const block = await reservePorts(2);
  closing.add(() => block.release());
  ports = [block.take(), block.take()];
  squatter = createServer().listen(ports[1], '127.0.0.1');
  await once(squatter, 'listening');
  operator = await FilesOperator.in(root);
  await operator.put('mesh.yaml', mesh(ports));
  await operator.start();
  closing.add(() => operator.kill());
  const { state, xdsPort } = operator;
  const { namespace, name } = caller;
  envoy = await startFilesSidecar({
    state,
    xdsPort,
    namespace,
    name,
    trustDomain,
    dir: join(root, 'caller'),
  });
  closing.add(() => envoy.stop());
});
afterAll(() => closing.close());

async function programmed(reason: string): Promise<string> {
  let last = '';
  const look = async (): Promise<string | undefined> => {
    const condition = (await operator.conditions(caller))?.['Programmed'];
    last = `${condition?.reason}: ${condition?.message}`;
    return condition?.reason === reason ? condition.message : undefined;
  };
  return poll(look, { intervalMs: 50, deadlineMs: 60_000 }).catch((error: unknown) => {
    throw new Error(`not ${reason}, but ${last}`, { cause: error });
  });
}

test('is Rejected while the port is taken, Programmed once it is free, and leaves the other listener alone', async () => {
  expect(await programmed('Rejected')).toMatch(/cannot bind .*Address already in use/);
  // The other listener waits for its routes, and Envoy for it.
  await envoy.waitFor(() => envoy.ready());
  const socket = connect({ host: '127.0.0.1', port: ports[0] });
  await once(socket, 'connect');
  const before = await testimony(envoy);

  await new Promise((resolve) => squatter.close(resolve));
  await programmed('Programmed');

  const { listenersAdded, listenersModified, listenersRemoved } = await testimony(envoy);
  expect(listenersAdded - before.listenersAdded).toBe(1);
  expect([listenersModified - before.listenersModified, listenersRemoved]).toEqual([0, 0]);
  expect([socket.closed, socket.readyState]).toEqual([false, 'open']);
  socket.destroy();
  const late = connect({ host: '127.0.0.1', port: ports[1] });
  await once(late, 'connect');
  late.destroy();
});
