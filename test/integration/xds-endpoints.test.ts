// A real Envoy whose endpoints are taken away: said in removed_resources, as the protocol asks for, which harms no request.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { typeUrl as url } from '../../operator/envoy/proto/type-urls.ts';
import type { XdsResource } from '../../operator/envoy/resources/xds-resource.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import type { EnvoyProcess } from '../support/envoy.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import { startXdsEnvoy } from '../support/xds-envoy.ts';
import { Replicas } from '../support/xds-replicas.ts';
import { shop, type Service } from '../support/xds-shop.ts';

const closing = new Closing();
afterAll(() => closing.close());

let listenerPort: number;
let replicas: Replicas;
let envoy: EnvoyProcess;
let service: Service;

beforeAll(async () => {
  service = { name: 's', ports: [await startApplication('app', closing)] };
  listenerPort = await freePort();
  replicas = await Replicas.reserve('ExternalWorkload/test/proxy', 1);
  closing.add(() => replicas.stopAll());
  const dir = await mkdtemp(join(tmpdir(), 'meshwright-endpoints-'));
  closing.add(() => rm(dir, { recursive: true, force: true }));
  replicas.publish(world(service));
  await replicas.start(0);
  envoy = await startXdsEnvoy({
    variant: 'delta',
    ports: replicas.ports,
    nodeId: 'ExternalWorkload~test~proxy~',
    dir,
  });
  closing.add(() => envoy.stop());
  await envoy.waitFor(() => replicas.areSettled());
  await envoy.waitFor(() => envoy.ready());
});

function world(...services: readonly Service[]): readonly XdsResource[] {
  return shop({ variant: 'delta', listenerPort, services });
}

async function publish(resources: readonly XdsResource[]): Promise<void> {
  replicas.publish(resources);
  await envoy.waitFor(() => replicas.areSettled());
}

const withoutEndpoints = (resources: readonly XdsResource[]): readonly XdsResource[] =>
  resources.filter((it) => it.typeUrl !== url.endpoint);

async function status(host = 's'): Promise<number> {
  return (await call(listenerPort, { headers: { host } })).status;
}

test('while their cluster stays, it goes on with those it has', async () => {
  await publish(world(service));
  const before = replicas.counted(0).pushed;
  await publish(withoutEndpoints(world(service)));

  expect(replicas.counted(0).pushed).toBe(before + 1);
  expect(await status()).toBe(200);
  expect(await envoy.stat('cluster.s.membership_total')).toBe(1);
  await publish(world(service));
  expect(await status()).toBe(200);
});

test('with their cluster: no request fails, and it is all forgotten', async () => {
  const other = { ...service, name: 'other' };
  await publish(world(service, other));
  await envoy.waitFor(async () => (await status('other')) === 200);
  await publish(world(service));

  expect(await status()).toBe(200);
  expect(await envoy.stat('cluster_manager.active_clusters')).toBe(2);
  await publish(world(service, other));
  await envoy.waitFor(async () => (await status('other')) === 200);
});

test('it comes back after they are gone, and hears of it', async () => {
  await publish(world(service));
  await replicas.stop(0);
  replicas.publish(withoutEndpoints(world(service)));
  await replicas.start(0);
  await envoy.waitFor(() => replicas.areSettled());

  expect(await status()).toBe(200);
});
