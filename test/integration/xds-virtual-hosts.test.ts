// A real Envoy and virtual hosts that come one by one: it asks for them once a stream, and has no place for those of a route
// table that it does not have. Whenever it gets a table, all of its virtual hosts follow.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { typeUrl as url, type TypeUrl } from '../../operator/envoy/proto/type-urls.ts';
import type { XdsResource } from '../../operator/envoy/resources/xds-resource.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import type { EnvoyProcess } from '../support/envoy.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import { startXdsEnvoy } from '../support/xds-envoy.ts';
import { Replicas } from '../support/xds-replicas.ts';
import { shop } from '../support/xds-shop.ts';

const closing = new Closing();
afterAll(() => closing.close());

let all: readonly XdsResource[];
let listenerPort: number;
let replicas: Replicas;
let envoy: EnvoyProcess;

beforeAll(async () => {
  const ports = [await startApplication('app', closing)];
  listenerPort = await freePort();
  all = shop({ variant: 'delta', listenerPort, services: [{ name: 's', ports }] });
  replicas = await Replicas.reserve('ExternalWorkload/test/proxy', 1);
  closing.add(() => replicas.stopAll());
  const dir = await mkdtemp(join(tmpdir(), 'meshwright-hosts-'));
  closing.add(() => rm(dir, { recursive: true, force: true }));
  await replicas.start(0);
  envoy = await startXdsEnvoy({
    variant: 'delta',
    ports: replicas.ports,
    nodeId: 'ExternalWorkload~test~proxy~',
    dir,
    // A listener that was removed is to be gone when it comes back.
    args: ['--drain-time-s', '1'],
  });
  closing.add(() => envoy.stop());
});

const without = (...types: readonly TypeUrl[]): readonly XdsResource[] =>
  all.filter((it) => !types.includes(it.typeUrl));

async function publishAndSettle(resources: readonly XdsResource[]): Promise<void> {
  replicas.publish(resources);
  await envoy.waitFor(() => replicas.areSettled());
}

const status = async (): Promise<number> => (await call(listenerPort, { headers: { host: 's' } })).status;

/** Until what was acknowledged is in force in the worker threads, too. */
const isServed = (): Promise<boolean> => envoy.waitFor(async () => (await status().catch(() => 0)) === 200);

test('at the start: the table asks for them', async () => {
  await publishAndSettle(all);

  expect(await isServed()).toBe(true);
});

test('its listener comes back, and subscribes to the table again', async () => {
  await publishAndSettle(without(url.listener));
  await envoy.waitFor(async () => (await envoy.stat('listener_manager.total_listeners_draining')) === 0);
  await publishAndSettle(all);

  expect(await isServed()).toBe(true);
});

test('the table comes later than they', async () => {
  await publishAndSettle([]);
  await envoy.waitFor(async () => (await envoy.stat('listener_manager.total_listeners_draining')) === 0);
  await publishAndSettle(without(url.route));
  await publishAndSettle(all);

  expect(await isServed()).toBe(true);
});

test('the table is refused at first', async () => {
  await publishAndSettle([]);
  await envoy.waitFor(async () => (await envoy.stat('listener_manager.total_listeners_draining')) === 0);
  const bad = (it: XdsResource): XdsResource =>
    it.typeUrl === url.route
      ? {
          ...it,
          message: {
            ...it.message,
            max_direct_response_body_size_bytes: 1,
            virtual_hosts: [{ name: '', domains: [] }],
          },
        }
      : it;
  await publishAndSettle(all.map(bad));
  const refused = replicas.streams().map(({ rejected }) => rejected);
  await publishAndSettle(all);

  expect(refused).toEqual([['table']]);
  expect(await isServed()).toBe(true);
});
