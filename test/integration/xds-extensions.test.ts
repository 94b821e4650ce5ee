// A real Envoy whose filters and runtime values come over the stream: an acknowledgement means that the next request obeys, also
// on a connection that is open already; what Envoy refused it does not acknowledge later without using it.
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { EnvoyMessage } from '../../operator/envoy/proto/envoy-message.ts';
import { typeUrl as url, type TypeUrl } from '../../operator/envoy/proto/type-urls.ts';
import { duration } from '../../operator/envoy/proto/well-known.ts';
import { any, extension, overAds } from '../../operator/envoy/resources/typed-config.ts';
import type { XdsResource } from '../../operator/envoy/resources/xds-resource.ts';
import { Closing } from '../support/data-plane/closing.ts';
import type { EnvoyProcess } from '../support/envoy.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import { startXdsEnvoy } from '../support/xds-envoy.ts';
import { Replicas } from '../support/xds-replicas.ts';

const closing = new Closing();
afterAll(() => closing.close());

const faultType = 'envoy.extensions.filters.http.fault.v3.HTTPFault';
const limitType = 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit';

let replicas: Replicas;
let envoy: EnvoyProcess;
let port: number;
let secondPort: number;
/** One connection for all requests of a test. */
let agent: Agent;

beforeAll(async () => {
  [port, secondPort] = [await freePort(), await freePort()];
  replicas = await Replicas.reserve('ExternalWorkload/test/proxy', 1);
  closing.add(() => replicas.stopAll());
  const dir = await mkdtemp(join(tmpdir(), 'meshwright-extensions-'));
  closing.add(() => rm(dir, { recursive: true, force: true }));
  replicas.publish([listener('first', port)]);
  await replicas.start(0);
  envoy = await startXdsEnvoy({
    variant: 'delta',
    ports: replicas.ports,
    nodeId: 'ExternalWorkload~test~proxy~',
    runtimeLayer: 'layer',
    dir,
  });
  closing.add(() => envoy.stop());
});

beforeEach(() => {
  agent = new Agent({ keepAlive: true, maxSockets: 1 });
});

afterEach(() => agent.destroy());

function resource(typeUrl: TypeUrl, name: string, message: EnvoyMessage): XdsResource {
  const origins = [{ kind: 'Test', namespace: '', name, generation: 1 }];
  return { typeUrl, name, message, origins, clusters: [], exclusiveKeys: [] };
}

/** Its routes answer by themselves: `on` while the runtime key `test.on` is 100, else `off`. Its filters come over the stream. */
function listener(name: string, listenerPort: number): XdsResource {
  const discovered = (filter: string): EnvoyMessage => ({
    name: filter,
    config_discovery: {
      config_source: overAds,
      type_urls: [faultType, limitType].map((type) => `type.googleapis.com/${type}`),
      default_config: any(faultType),
      apply_default_config_without_warming: true,
    },
  });
  const answer = (body: string, match: EnvoyMessage = {}): EnvoyMessage => ({
    match: { prefix: '/', ...match },
    direct_response: { status: 200, body: { inline_string: body } },
  });
  const fraction = { default_value: { numerator: 0 }, runtime_key: 'test.on' };
  const manager = extension(
    'envoy.filters.network.http_connection_manager',
    'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    {
      stat_prefix: name,
      route_config: {
        name: 'inline',
        virtual_hosts: [
          {
            name: 'all',
            domains: ['*'],
            routes: [answer('on', { runtime_fraction: fraction }), answer('off')],
          },
        ],
      },
      http_filters: [
        discovered('one'),
        discovered('two'),
        extension('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router'),
      ],
    },
  );
  return resource(url.listener, name, {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: listenerPort } },
    filter_chains: [{ filters: [manager] }],
  });
}

/** Answers requests with that header by this status. */
function abort(name: string, header: string, status: number): XdsResource {
  const headers = [{ name: header, present_match: true }];
  const fault = { headers, abort: { http_status: status, percentage: { numerator: 100 } } };
  return resource(url.extensionConfig, name, extension(name, faultType, fault));
}

/** Found wrong only when the filter is built. */
function broken(name: string): XdsResource {
  const bucket = { max_tokens: 1, fill_interval: duration(1) };
  return resource(
    url.extensionConfig,
    name,
    extension(name, limitType, { stat_prefix: 'broken', token_bucket: bucket }),
  );
}

function runtime(layer: EnvoyMessage): XdsResource {
  return resource(url.runtime, 'layer', { name: 'layer', layer });
}

const first = (): XdsResource => listener('first', port);

async function publish(...resources: readonly XdsResource[]): Promise<void> {
  replicas.publish(resources);
  await envoy.waitFor(() => replicas.areSettled());
}

async function ask(header?: string): Promise<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = header === undefined ? {} : { [header]: '1' };
    get({ host: '127.0.0.1', port, agent, headers }, resolve).on('error', reject);
  });
  const body = await text(response);
  return response.statusCode === 200 ? body : String(response.statusCode);
}

const rejected = (): readonly string[] => replicas.streams().flatMap((it) => it.rejected);
const listenersTouched = async (): Promise<number> => {
  const counters = ['added', 'modified', 'removed', 'in_place_updated'];
  const values = await Promise.all(
    counters.map((it) => envoy.stat(`listener_manager.listener_${it}`).catch(() => 0)),
  );
  return values.reduce((sum, value) => sum + value, 0);
};

test('without them it is ready at once, with the defaults', async () => {
  await publish(first());
  await envoy.waitFor(() => envoy.ready());

  expect(await ask('one')).toBe('off');
});

test('an acknowledgement means that the next request of an open connection obeys, and no listener is touched', async () => {
  await publish(first());
  expect(await ask('one')).toBe('off');
  const before = await listenersTouched();
  await publish(first(), abort('one', 'one', 418), abort('two', 'two', 419), runtime({ test: { on: 100 } }));

  expect([await ask('one'), await ask('two'), await ask()]).toEqual(['418', '419', 'on']);
  await publish(first(), abort('one', 'one', 420), abort('two', 'two', 419), runtime({ test: { on: 0 } }));
  expect([await ask('one'), await ask('two'), await ask()]).toEqual(['420', '419', 'off']);
  expect(await listenersTouched()).toBe(before);
  expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
});

test('what is refused stays as it was, by name, and everything else arrives', async () => {
  await publish(first(), abort('one', 'one', 418), abort('two', 'two', 418), runtime({ test: { on: 100 } }));
  await publish(first(), broken('one'), abort('two', 'two', 419), runtime({ test: { on: 0, list: [1] } }));

  expect(rejected().toSorted()).toEqual(['layer', 'one']);
  expect([await ask('one'), await ask('two'), await ask()]).toEqual(['418', '419', 'on']);
});

test('it is refused again after a reconnect: Envoy does not acknowledge it as what it has already', async () => {
  await publish(first(), abort('one', 'one', 418), abort('two', 'two', 418), runtime({ test: { on: 100 } }));
  await publish(first(), broken('one'), abort('two', 'two', 418), runtime({ test: { on: 100 } }));
  expect(rejected()).toEqual(['one']);
  await replicas.stop(0);
  await replicas.start(0);
  // Until it has asked for its filters again, there is nothing to refuse.
  await envoy.waitFor(() => rejected().length > 0 && replicas.areSettled());

  expect(rejected()).toEqual(['one']);
  expect(await ask('one')).toBe('418');
});

test('a listener that comes after a refusal does not start with what was refused', async () => {
  await publish(first(), abort('one', 'one', 418));
  await publish(first(), broken('one'));
  await publish(first(), broken('one'), listener('second', secondPort));

  expect(rejected()).toEqual(['one']);
});

test('it comes back with all there is, and is sent nothing', async () => {
  await publish(first(), abort('one', 'one', 418), abort('two', 'two', 418), runtime({ test: { on: 100 } }));
  await replicas.stop(0);
  await replicas.start(0);
  await envoy.waitFor(() => replicas.areSettled());

  expect(replicas.counted(0).resources).toBe(0);
  expect([await ask('one'), await ask()]).toEqual(['418', 'on']);
});
