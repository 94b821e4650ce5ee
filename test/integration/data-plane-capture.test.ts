// The listeners of intercepted workloads, as far as they can be had without redirecting packets: the whole of
// 127.0.0.0/8 is this machine, so that a connection to 127.0.0.2 arrives at a listener on 0.0.0.0 with that address.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { port as fixedPort } from '../../operator/envoy/resources/names.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { call, converse, seenBy } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { startSidecars } from '../support/data-plane/sidecars.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  noRules,
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleService,
  sampleWorkload,
} from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

let outbound = 0;
let inbound = 0;
let readiness = 0;

beforeAll(async () => {
  const application = await startApplication('web', closing);
  [outbound, inbound, readiness] = await Promise.all([freePort(), freePort(), freePort()]);
  const services = [
    sampleService(`shop/web/${outbound}`, {
      addresses: ['127.0.0.2'],
      endpoints: [sampleEndpoint(application)],
    }),
    // Its address is known, but not with the port that is called.
    sampleService('shop/other/1', { addresses: ['127.0.0.4'] }),
    sampleService('shop/db/3306', { protocol: 'TCP', addresses: ['10.96.0.3'] }),
    sampleService('shop/nodes/80', { headless: true, endpoints: [sampleEndpoint(1)] }),
  ];
  const workload = sampleWorkload('pod', {
    key: 'Pod/shop/pod',
    kind: 'Pod',
    intercepted: true,
    inbound: [
      sampleInbound(inbound, 0, { mtls: 'Strict', listenAddress: null, application: null }),
      sampleInbound(1, 0, { mtls: 'Disabled', listenAddress: null, application: null }),
    ],
    otherInbound: { mtls: 'Disabled', authorization: noRules },
  });
  const mesh = sampleMesh({ services, workloads: [workload] });
  const ports = new Map<number, number>([
    [fixedPort.outbound, outbound],
    [fixedPort.inbound, inbound],
    [fixedPort.readiness, readiness],
  ]);
  const settings = { ...mesh.settings, outboundMode: 'RegistryOnly' } as const;
  await startSidecars({ ...mesh, settings }, closing, ports);
});

describe('the capture listener', () => {
  test('serves an HTTP service by the address that was called, whatever Host and headers claim', async () => {
    const seen = await seenBy(outbound, {
      host: '127.0.0.2',
      headers: { host: 'other.shop', 'x-meshwright-destination': `127.0.0.4:${outbound}` },
    });

    expect(seen.app).toBe('web');
    expect(seen.headers.host).toBe('other.shop');
    expect(seen.headers['x-meshwright-destination']).toBeUndefined();
  });

  test('RegistryOnly: answers requests to a port that no service has with what to do', async () => {
    const answer = await call(outbound, { host: '127.0.0.4' });

    expect(answer.status).toBe(502);
    expect(answer.body).toContain('outbound.mode RegistryOnly');
  });

  test('RegistryOnly: closes connections to addresses that no service has', async () => {
    await expect(call(outbound, { host: '127.0.0.9' })).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('the inbound listener', () => {
  test('tells plaintext callers of a Strict port what is required', async () => {
    const answer = await call(inbound);

    expect(answer.status).toBe(403);
    expect(answer.headers['x-meshwright-refused']).toBe('mtls-required');
  });

  test('does not connect to itself when it is called by its own address', async () => {
    expect(await converse(outbound, 'GET / HTTP/1.1\r\n\r\n')).toBe('');
  });
});

test('the readiness listener answers its path', async () => {
  const answers = [await call(readiness, { path: '/ready' }), await call(readiness, { path: '/other' })];

  expect(answers.map(({ status }) => status)).toEqual([200, 404]);
});
