// What real Envoys count arrives at the operator: each count once, and under the name of the workload that the certificate proves.
import { Agent, request } from 'node:http';
import { once } from 'node:events';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createLog } from '../../operator/process/log.ts';
import { systemClock } from '../../operator/process/clock.ts';
import { createMetrics } from '../../operator/process/metrics.ts';
import { readSettings } from '../../operator/process/settings.ts';
import type { Edge } from '../../operator/telemetry/edges.ts';
import { exportPath } from '../../operator/telemetry/service.ts';
import { nodeIdHeader } from '../../operator/values/sidecar-names.ts';
import { createBoard } from '../../operator/wiring/board.ts';
import { createTelemetry } from '../../operator/wiring/telemetry.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { issue } from '../support/data-plane/certificate-folder.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { ServedMesh } from '../support/data-plane/served-mesh.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleService,
  sampleWorkload,
  spiffeId,
} from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

const board = createBoard();
let mesh: ServedMesh;
let binding = 0;
let inboundPort = 0;

beforeAll(async () => {
  const metrics = createMetrics();
  closing.add(async () => metrics.close());
  const settings = readSettings(['--platform', 'files', '--files', 'f', '--state', 's'], {});
  createTelemetry(board, { settings, clock: systemClock, log: createLog('silent'), metrics });
  const application = await startApplication('echo', closing);
  [binding, inboundPort] = [await freePort(), await freePort()];
  const service = sampleService('shop/reviews/80', {
    peerIdentities: [spiffeId('server')],
    endpoints: [sampleEndpoint(inboundPort, { mtls: true })],
  });
  const ir = sampleMesh({
    services: [service],
    workloads: [
      sampleWorkload('caller', {
        bindings: [{ address: '127.0.0.1', port: binding, service: service.key, protocol: 'HTTP' }],
      }),
      sampleWorkload('server', { inbound: [sampleInbound(inboundPort, application)] }),
    ],
  });
  board.identities.set(new Map(ir.workloads.map((it) => [it.key, it])));
  mesh = await ServedMesh.start(ir, closing, [], undefined, {
    services: board.telemetryServices.get(),
  });
});

async function call(port: number, times: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let at = 0; at < times; at += 1) {
    const outgoing = request({ host: '127.0.0.1', port, agent }).end();
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const [response] = await once(outgoing, 'response');
    response.resume();
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await once(response, 'end');
  }
  agent.destroy();
}

const server = 'ExternalWorkload/shop/server';

test('requests are counted once each, by caller; plaintext callers by address', async () => {
  await call(binding, 7);
  await call(inboundPort, 3);
  const seen = (): readonly Edge[] => board.observations.get().edges();
  await mesh.sidecar('server').waitFor(() => seen().length === 2);

  const to = { workload: server, direction: 'inbound', port: String(inboundPort) };
  expect(seen()).toMatchObject(
    expect.arrayContaining(
      [
        { ...to, source: '127.0.0.1', requests: { '2xx': 3 }, flags: {} },
        { ...to, source: spiffeId('caller'), requests: { '2xx': 7 }, flags: {} },
      ].map((it) => expect.objectContaining(it)),
    ),
  );
  expect(
    seen()
      .map(({ durations }) => durations?.reduce((a, b) => a + b))
      .toSorted((a = 0, b = 0) => a - b),
  ).toEqual([3, 7]);
  expect(board.observations.get().plaintextCallers(server, inboundPort)).toMatchObject([
    { address: '127.0.0.1', count: 3 },
  ]);
});

/** As the workload `name`, who says that it is `nodeId`. */
async function report(name: string, nodeId: string, bytes: Buffer): Promise<status> {
  const { root } = mesh;
  const pair = await issue(root, spiffeId(name));
  const client = new Client(
    `127.0.0.1:${mesh.server.port()}`,
    credentials.createSsl(
      Buffer.from(root.certificate),
      Buffer.from(pair.privateKey),
      Buffer.from(pair.certificate),
    ),
  );
  const metadata = new Metadata();
  metadata.set(nodeIdHeader, nodeId);
  try {
    return await new Promise((resolve) => {
      const asIs = (it: Buffer): Buffer => it;
      client.makeUnaryRequest(exportPath, asIs, asIs, bytes, metadata, (error: ServiceError | null) =>
        resolve(error?.code ?? status.OK),
      );
    });
  } finally {
    client.close();
  }
}

test.each([
  ['its own', 'server', 'ExternalWorkload~shop~server~', Buffer.alloc(0), status.OK],
  [
    "another workload's node ID",
    'caller',
    'ExternalWorkload~shop~server~',
    Buffer.alloc(0),
    status.PERMISSION_DENIED,
  ],
  [
    'a workload that nobody knows',
    'caller',
    'ExternalWorkload~shop~nobody~',
    Buffer.alloc(0),
    status.PERMISSION_DENIED,
  ],
  ['no node ID', 'caller', '', Buffer.alloc(0), status.INVALID_ARGUMENT],
  ['garbage', 'server', 'ExternalWorkload~shop~server~', Buffer.from('garbage'), status.INVALID_ARGUMENT],
  [
    'too much',
    'server',
    'ExternalWorkload~shop~server~',
    Buffer.alloc(1024 * 1024 + 1),
    status.INVALID_ARGUMENT,
  ],
])('a report of %s', async (_what, name, nodeId, bytes, answer) => {
  expect(await report(name, nodeId, bytes)).toBe(answer);
});
