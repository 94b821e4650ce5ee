// What stands in sidecars from the start is switched on in those that run: a filter by ECDS, loggers by RTDS. It holds from the next request of a connection that exists, without a change of a listener, and is
// acknowledged like everything else.
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { EnvoyMessage } from '../../operator/envoy/proto/envoy-message.ts';
import { typeUrl, type TypeUrl } from '../../operator/envoy/proto/type-urls.ts';
import { any } from '../../operator/envoy/resources/typed-config.ts';
import type { XdsResource } from '../../operator/envoy/resources/xds-resource.ts';
import type { MtlsModeIr } from '../../operator/ir/inbound.ts';
import type { MeshIr } from '../../operator/ir/mesh-ir.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { type Edit, ServedMesh } from '../support/data-plane/served-mesh.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import {
  sampleEndpoint,
  sampleInbound,
  sampleMesh,
  sampleService,
  sampleWorkload,
  spiffeId,
  withAllLines,
} from '../support/mesh-samples.ts';

const closing = new Closing();
afterAll(() => closing.close());

let ir: MeshIr;
let mesh: ServedMesh;
let binding = 0;
let inboundPort = 0;
/** One connection of the application to its sidecar, for all requests. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

beforeAll(async () => {
  closing.add(async () => agent.destroy());
  const application = await startApplication('echo', closing);
  [binding, inboundPort] = [await freePort(), await freePort()];
  const service = sampleService('shop/reviews/80', {
    peerIdentities: [spiffeId('server')],
    endpoints: [sampleEndpoint(inboundPort, { mtls: true })],
  });
  ir = withAllLines(
    sampleMesh({
      services: [service],
      workloads: [
        sampleWorkload('caller', {
          bindings: [{ address: '127.0.0.1', port: binding, service: service.key, protocol: 'HTTP' }],
        }),
        sampleWorkload('server', { inbound: [sampleInbound(inboundPort, application, { mtls: 'Strict' })] }),
      ],
    }),
  );
  mesh = await ServedMesh.start(ir, closing);
  expect(await ask()).toBe(200);
});

interface Answer {
  readonly status: number;
  /** As the application is told. */
  readonly caller: string | undefined;
}

async function seen(path = '/'): Promise<Answer> {
  const outgoing = request({ host: '127.0.0.1', port: binding, path, agent }).end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const body = await text(response);
  const status = response.statusCode ?? 0;
  const headers = status === 200 ? (JSON.parse(body) as { headers: Record<string, string> }).headers : {};
  return { status, caller: headers['x-forwarded-client-cert'] };
}

async function ask(path?: string): Promise<number> {
  return (await seen(path)).status;
}

/** Other content for the resources of this type and name. */
function replaced(type: TypeUrl, name: string, change: (message: EnvoyMessage) => EnvoyMessage): Edit {
  return (it: XdsResource) =>
    it.typeUrl === type && it.name === name ? { ...it, message: change(it.message) } : it;
}

const both =
  (one: Edit, other: Edit): Edit =>
  (resource) =>
    other(one(resource));

function runtime(values: EnvoyMessage): Edit {
  return replaced(typeUrl.runtime, 'meshwright', (message) => ({ ...message, layer: values }));
}

/** What has happened to listeners and connections, in both sidecars. */
async function disturbances(): Promise<number> {
  const disturbing =
    '^listener_manager\\.listener_(added|modified|in_place_updated|removed)$|downstream_cx_total$|upstream_cx_total$';
  const own = '^(?!cluster\\.xds|http\\.admin|listener\\.admin)';
  const all = await Promise.all([...mesh.sidecars.values()].map((sidecar) => sidecar.stats(disturbing)));
  return all
    .flatMap((stats) => [...stats].filter(([name]) => new RegExp(own).test(name)))
    .reduce((sum, [, value]) => sum + value, 0);
}

/** The virtual host of the server's sidecar says this to a filter. */
function said(filter: string, config: EnvoyMessage): Edit {
  return replaced(typeUrl.route, `inbound/${inboundPort}/mesh`, (table) => {
    const hosts = table['virtual_hosts'] as readonly EnvoyMessage[];
    return {
      ...table,
      virtual_hosts: hosts.map((host) => ({ ...host, typed_per_filter_config: { [filter]: config } })),
    };
  });
}

const filters = 'envoy.extensions.filters.http';

test('a requirement of tokens: the filter by ECDS, what is required by the route', async () => {
  const before = await disturbances();
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
  const keys = JSON.stringify({ keys: [key] });
  const providers = { corp: { issuer: 'corp', local_jwks: { inline_string: keys } } };
  const tokens = replaced(typeUrl.extensionConfig, 'inbound/jwt_authn', (message) => ({
    ...message,
    typed_config: any(`${filters}.jwt_authn.v3.JwtAuthentication`, {
      providers,
      requirement_map: { corp: { provider_name: 'corp' } },
    }),
  }));
  const required = said(
    'inbound/jwt_authn',
    any(`${filters}.jwt_authn.v3.PerRouteConfig`, { requirement_name: 'corp' }),
  );
  await mesh.program(ir, both(tokens, required));

  expect(await ask()).toBe(401);
  await mesh.program(ir);
  expect(await ask()).toBe(200);
  expect(await disturbances()).toBe(before);
});

test('lines of the access log: off and on by RTDS', async () => {
  const before = await disturbances();
  await mesh.program(ir, runtime({ 'meshwright.access_log.inbound.requests': 0 }));
  await ask('/unheard');
  await mesh.program(ir);
  await ask('/heard');

  const server = mesh.sidecar('server');
  expect(await server.logged({ path: '/heard' })).toMatchObject({ response_code: 200 });
  expect((await server.log()).filter((line) => line.includes('/unheard'))).toEqual([]);
  expect(await disturbances()).toBe(before);
});

test('counters by caller: on by RTDS', async () => {
  const server = mesh.sidecar('server');
  const counted = async (): Promise<number> =>
    [...(await server.stats('^meshwright\\.inbound\\.requests'))].reduce((sum, [, value]) => sum + value, 0);
  const before = await disturbances();
  await mesh.program(ir, runtime({}));
  const at = await counted();
  await ask();
  await ask();
  await mesh.program(ir, runtime({ 'meshwright.stats.inbound': 100 }));
  await ask();
  await server.waitFor(async () => (await counted()) > at);

  expect(await counted()).toBe(at + 1);
  expect(await disturbances()).toBe(before);
});

/** The same mesh with another mode of the server's port. */
function inMode(mtls: MtlsModeIr): MeshIr {
  const mtlsDisabled = mtls === 'Disabled';
  return {
    ...ir,
    services: ir.services.map((service) => ({
      ...service,
      endpoints: service.endpoints.map((endpoint) => ({ ...endpoint, mtls: !mtlsDisabled, mtlsDisabled })),
    })),
    workloads: ir.workloads.map((workload) => ({
      ...workload,
      inbound: workload.inbound.map((port) => ({ ...port, mtls })),
    })),
  };
}

/** Until the application learns who calls, or does not. */
async function untilIdentified(isIdentified: boolean): Promise<boolean> {
  return mesh.sidecar('caller').waitFor(async () => {
    const { status, caller } = await seen();
    return status === 200 && (caller !== undefined) === isIdentified;
  });
}

test('mutual TLS: busy callers follow, although they have connections of the former mode', async () => {
  await mesh.program(inMode('Disabled'));
  expect(await untilIdentified(false)).toBe(true);

  const statuses: number[] = [];
  await mesh.program(inMode('Permissive'));
  await mesh.sidecar('caller').waitFor(async () => {
    const { status, caller } = await seen();
    statuses.push(status);
    return caller !== undefined;
  });
  await mesh.program(inMode('Strict'));
  for (let sent = 0; sent < 10; sent += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, on one connection
    statuses.push(await ask());
  }
  // By Permissive in between nothing is lost.
  expect(new Set(statuses)).toEqual(new Set([200]));

  await mesh.program(inMode('Disabled'));
  expect(await untilIdentified(false)).toBe(true);
  await mesh.program(inMode('Strict'));
  expect(await untilIdentified(true)).toBe(true);
});
