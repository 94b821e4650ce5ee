// Certificates on a list of the root's, at real Envoys that are served as in production: who holds one gets no new connection, and nobody
// else notices.
import { randomBytes, X509Certificate } from 'node:crypto';
import { connect, type SecureContextOptions } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { KeyPair } from '../../operator/certificates/authority.ts';
import { revocationListsOf } from '../../operator/certificates/revocation-list.ts';
import { serialText } from '../../operator/certificates/root.ts';
import type { MeshIr } from '../../operator/ir/mesh-ir.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { call } from '../support/data-plane/callers.ts';
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
import { until } from '../support/until.ts';

const closing = new Closing();
afterAll(() => closing.close());

let mesh: ServedMesh;
let ir: MeshIr;
/** Of the server's Strict ports. */
const port = { HTTP: 0, TCP: 0 };
/** Where the client's application calls the HTTP port. */
let outbound = 0;
const over = new AbortController();
const answers: number[] = [];
let calling: Promise<void>;

beforeAll(async () => {
  const application = await startApplication('application', closing, (_seen, response) => {
    response.end('hello');
  });
  [port.HTTP, port.TCP, outbound] = [await freePort(), await freePort(), await freePort()];
  const inbound = [
    sampleInbound(port.HTTP, application, { mtls: 'Strict' }),
    sampleInbound(port.TCP, application, { mtls: 'Strict', protocol: 'TCP' }),
  ];
  const service = sampleService('shop/reviews/80', {
    peerIdentities: [spiffeId('server')],
    endpoints: [sampleEndpoint(port.HTTP, { mtls: true })],
  });
  const bindings = [
    { address: '127.0.0.1', port: outbound, service: service.key, protocol: 'HTTP' },
  ] as const;
  ir = sampleMesh({
    services: [service],
    workloads: [sampleWorkload('client', { bindings }), sampleWorkload('server', { inbound })],
  });
  mesh = await ServedMesh.start(ir, closing);
});

/** What the server's sidecar lets one do who comes with this certificate: whether the application answers. */
async function reaches(to: keyof typeof port, pair: KeyPair): Promise<boolean> {
  const options: SecureContextOptions = {
    cert: pair.certificate,
    key: pair.privateKey,
    ca: mesh.root.certificate,
  };
  const socket = connect({
    ...options,
    host: '127.0.0.1',
    port: port[to],
    ALPNProtocols: ['meshwright'],
    checkServerIdentity: () => undefined,
  });
  socket.on('error', () => undefined);
  let answered = '';
  socket.on('data', (bytes) => (answered += String(bytes)));
  socket.write('GET / HTTP/1.1\r\nhost: reviews.shop\r\nconnection: close\r\n\r\n');
  await new Promise((resolve) => void socket.on('close', resolve));
  return answered.startsWith('HTTP/1.1 ');
}

async function reached(pair: KeyPair): Promise<readonly boolean[]> {
  return Promise.all([reaches('HTTP', pair), reaches('TCP', pair)]);
}

async function callOnAndOn(): Promise<void> {
  while (!over.signal.aborted) {
    // oxlint-disable-next-line no-await-in-loop -- one call after the other
    const { status } = await call(outbound);
    answers.push(status);
  }
}

/** The list of these, and of as many that nobody holds as a mesh of a thousand identities has. */
async function listOf(...pairs: readonly KeyPair[]): Promise<string> {
  const others = Array.from({ length: 1000 }, () => `4${randomBytes(15).toString('hex')}`);
  const held = pairs.map(({ certificate }) => serialText(new X509Certificate(certificate).serialNumber));
  const list = await revocationListsOf([mesh.root], Date.now)?.sign([...held, ...others]);
  if (list === undefined) throw new Error('the root may not sign lists');
  return list;
}

test('a certificate on the list opens no connection once it is acknowledged; others do throughout, and no call fails', async () => {
  const [stolen, fresh] = [
    await issue(mesh.root, spiffeId('client')),
    await issue(mesh.root, spiffeId('client')),
  ];
  expect(await reached(stolen)).toEqual([true, true]);
  await mesh.sidecar('client').certificates.replace(fresh, mesh.root);
  calling = callOnAndOn();

  mesh.revocationList = await listOf(stolen);
  await mesh.program(ir);

  expect(await reached(stolen)).toEqual([false, false]);
  expect(await reached(fresh)).toEqual([true, true]);

  mesh.revocationList = null;
  await mesh.program(ir);
  expect(await reached(stolen)).toEqual([true, true]);

  await until('there were calls enough', () => answers.length > 10);
  over.abort();
  await calling;
  expect(answers.filter((status) => status !== 200)).toEqual([]);
});

test('a list that has ended would refuse everybody: ours end with the root', async () => {
  const pair = await issue(mesh.root, spiffeId('client'));
  const ended = { ...mesh.root, notAfter: new Date(Date.now() - 1000) };

  mesh.revocationList = (await revocationListsOf([ended], Date.now)?.sign(['4a'])) ?? null;
  await mesh.program(ir);
  expect(await reached(pair)).toEqual([false, false]);

  mesh.revocationList = await listOf();
  await mesh.program(ir);
  expect(await reached(pair)).toEqual([true, true]);
});
