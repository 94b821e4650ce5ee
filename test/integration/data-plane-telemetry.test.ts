// What real Envoys count arrives at the operator: each count once, and under the name of the workload that the certificate proves.
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
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
import { createProviders } from '../../operator/wiring/providers.ts';
import { createTelemetry } from '../../operator/wiring/telemetry.ts';
import { startApplication, startGreeter } from '../support/data-plane/applications.ts';
import { issue } from '../support/data-plane/certificate-folder.ts';
import { talk } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { ServedMesh } from '../support/data-plane/served-mesh.ts';
import { MemorySecrets } from '../support/memory-secrets.ts';
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
let tcpPort = 0;
let strictPort = 0;

beforeAll(async () => {
  const metrics = createMetrics();
  closing.add(async () => metrics.close());
  const settings = readSettings(['--platform', 'files', '--files', 'f', '--state', 's'], {});
  const context = { settings, clock: systemClock, log: createLog('silent'), metrics };
  createTelemetry(board, context);
  const { component } = createProviders(board, { ...context, platform: { secrets: new MemorySecrets() } });
  closing.add(() => component.stop());
  // Answers with the status that the path names.
  const application = await startApplication('status', closing, ({ url }, response) => {
    if (url === '/open') response.writeHead(200).flushHeaders();
    else response.writeHead(Number(url.slice(1))).end();
  });
  const greeter = await startGreeter('hello', closing);
  [binding, inboundPort, tcpPort, strictPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
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
      sampleWorkload('server', {
        inbound: [
          sampleInbound(inboundPort, application),
          sampleInbound(tcpPort, greeter, { protocol: 'TCP' }),
          sampleInbound(strictPort, greeter, { protocol: 'TCP', mtls: 'Strict' }),
        ],
      }),
    ],
  });
  board.identities.set(new Map(ir.workloads.map((it) => [it.key, it])));
  mesh = await ServedMesh.start(ir, closing, [], undefined, {
    services: [...board.telemetryServices.get(), ...board.signalServices.get()],
  });
});

/** On one connection, one after the other. */
async function call(port: number, statuses: readonly number[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (const expected of statuses) {
    const outgoing = request({ host: '127.0.0.1', port, path: `/${expected}`, agent }).end();
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(expected);
    response.resume();
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await once(response, 'end');
  }
  agent.destroy();
}

const server = 'ExternalWorkload/shop/server';
const seen = (): readonly Edge[] => board.observations.get().edges();
const edge = (source: string, port: number): Edge | undefined =>
  seen().find((it) => it.source === source && it.port === String(port));
const measured = ({ durations }: Edge): number => (durations ?? []).reduce((sum, it) => sum + it, 0);

test('requests and connections are counted once each: by caller, port and class of response', async () => {
  await call(binding, [200, 200, 201, 404, 500, 200, 503]);
  await call(inboundPort, [200, 204, 403]);
  await talk(tcpPort);
  await talk(tcpPort);
  const envoy = mesh.sidecar('server');
  await envoy.waitFor(() => seen().length === 3);
  // Nothing comes again with later reports.
  const since = board.observations.get().lastReportMs(server) ?? 0;
  await envoy.waitFor(() => (board.observations.get().lastReportMs(server) ?? 0) > since + 1_000);

  const mutual = edge(spiffeId('caller'), inboundPort);
  expect(mutual).toMatchObject({
    workload: server,
    direction: 'inbound',
    requests: { '2xx': 4, '4xx': 1, '5xx': 2 },
  });
  const plaintext = edge('127.0.0.1', inboundPort);
  expect(plaintext).toMatchObject({ requests: { '2xx': 2, '4xx': 1 } });
  expect([mutual, plaintext].map((it) => it && measured(it))).toEqual([7, 3]);
  expect(edge('127.0.0.1', tcpPort)).toMatchObject({
    requests: {},
    connections: 2,
    receivedBytes: 16,
    sentBytes: 26,
  });
  const { plaintextCallers } = board.observations.get();
  expect(plaintextCallers(server, inboundPort)).toMatchObject([{ address: '127.0.0.1', count: 3 }]);
  expect(plaintextCallers(server, tcpPort)).toMatchObject([{ address: '127.0.0.1', count: 2 }]);
});

test('who called in plaintext: also by what is still open, and by connections that a Strict TCP port refused', async () => {
  const envoy = mesh.sidecar('server');
  const { plaintextCallers } = board.observations.get();
  const lastMs = (port: number): number => plaintextCallers(server, port)[0]?.lastMs ?? 0;
  // A TCP probe of a kubelet: a connection, and nothing else.
  const probe = connect({ host: '127.0.0.1', port: strictPort });
  await once(probe, 'connect');
  probe.destroy();
  const open = connect({ host: '127.0.0.1', port: tcpPort });
  closing.add(async () => void open.destroy());
  await once(open, 'data');
  const outgoing = request({ host: '127.0.0.1', port: inboundPort, path: '/open' }).end();
  closing.add(async () => void outgoing.destroy());
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  const began = Date.now();
  const refused = connect({ host: '127.0.0.1', port: strictPort });
  refused.write('I am nobody');
  refused.on('error', () => undefined);
  await new Promise((resolve) => refused.on('close', resolve));

  // What is open is in each report from now on; what was refused is in one of them only, which may be there already.
  await envoy.waitFor(
    () => lastMs(strictPort) > 0 && [tcpPort, inboundPort].every((port) => lastMs(port) > began),
  );
  expect(plaintextCallers(server, strictPort)).toMatchObject([{ address: '127.0.0.1', count: 1 }]);
  // Those that ended before.
  expect(plaintextCallers(server, tcpPort)).toMatchObject([{ count: 2 }]);
});

/** With a certificate of the service account `name`. */
async function withClient<T>(name: string, use: (client: Client) => Promise<T>): Promise<T> {
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
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

const asIs = (it: Buffer): Buffer => it;

function nodeIs(nodeId: string): Metadata {
  const metadata = new Metadata();
  metadata.set(nodeIdHeader, nodeId);
  return metadata;
}

/** As the workload `name`, who says that it is `nodeId`. */
async function report(name: string, nodeId: string, bytes: Buffer, path = exportPath): Promise<status> {
  return await withClient(
    name,
    (client) =>
      new Promise((resolve) => {
        client.makeUnaryRequest(path, asIs, asIs, bytes, nodeIs(nodeId), (error: ServiceError | null) =>
          resolve(error?.code ?? status.OK),
        );
      }),
  );
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

const own = 'ExternalWorkload~shop~server~';
const logsPath = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const spansPath = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

test.each([exportPath, logsPath, spansPath])(
  'who has no certificate of a workload is refused by %s before a message was sent',
  async (path) => {
    const code = await withClient(
      'stranger',
      (client) =>
        new Promise((resolve) => {
          // Nothing is written.
          client.makeClientStreamRequest(path, asIs, asIs, nodeIs(own), (error: ServiceError | null) =>
            resolve(error?.code),
          );
        }),
    );
    expect(code).toBe(status.PERMISSION_DENIED);
    expect(await report('stranger', own, Buffer.alloc(8 * 1024 * 1024), path)).toBe(status.PERMISSION_DENIED);
  },
);

test.each([logsPath, spansPath])('%s is read of sidecars', async (path) => {
  expect(await report('server', own, Buffer.from('garbage'), path)).toBe(status.INVALID_ARGUMENT);
  // It does not say which node it is from.
  expect(await report('server', own, Buffer.alloc(0), path)).toBe(status.INVALID_ARGUMENT);
});
