// Pod certificates on real pods: a cluster with the newest API server and kubelet, and an operator without rights on Secrets of other namespaces.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { z } from 'zod';
import { clusterAvailable } from '../cluster/prepare.ts';
import { findNewestPrograms } from '../cluster/programs.ts';
import { callerIn, callFrom } from './library/calls.ts';
import {
  clientIdentity,
  clientInside,
  clientOutside,
  inside,
  serverUrl,
  setMtls,
  setStage,
} from './library/stage.ts';
import { ownNamespace, startNewestWorld, type World } from './library/world.ts';

const cluster = await clusterAvailable();
const isBuilt = (await findNewestPrograms()) !== undefined;
if (!cluster.available) process.stderr.write(`NOT RUN: ${cluster.reason}\n`);
else if (!isBuilt) process.stderr.write('NOT RUN: the newest Kubernetes is not built yet.\n');

jest.setTimeout(300_000);

const Certificates = z.object({
  certificates: z.array(z.object({ cert_chain: z.array(z.object({ serial_number: z.string() })) })),
});
const readCertificates = `
  const answer = await fetch('http://127.0.0.1:15000/certs');
  console.log(await answer.text());`;

(cluster.available && isBuilt ? describe : describe.skip)('pod certificates on real pods', () => {
  let world: World;
  const jsonpath = (path: string, ...of: readonly string[]): Promise<string> =>
    world.mustKubectl(['get', ...of, `--output=jsonpath=${path}`]);
  const restarts = (): Promise<string> =>
    jsonpath('{.items[*].status.initContainerStatuses[*].restartCount}', 'pods', `--namespace=${inside}`);
  /** Of the leaf certificates that the sidecar of the server has in use. */
  const serials = async (): Promise<readonly string[]> => {
    const exec = ['exec', 'deployment/server', `--namespace=${inside}`, '--container=app', '--'];
    const text = await world.mustKubectl([
      ...exec,
      'node',
      '--input-type=module',
      '--eval',
      readCertificates,
    ]);
    const all = Certificates.parse(JSON.parse(text)).certificates;
    return [...new Set(all.flatMap(({ cert_chain: [leaf] }) => leaf?.serial_number ?? []))];
  };

  beforeAll(async () => {
    world = await startNewestWorld();
    await setStage(world);
  }, 600_000);
  afterAll(async () => {
    await (world as World | undefined)?.stop();
  }, 120_000);

  test('two workloads speak strict mutual TLS, and who has no sidecar is refused', async () => {
    await setMtls(world, 'Strict');

    expect(callerIn(await callFrom(world, clientInside, serverUrl))).toBe(clientIdentity);
    expect((await callFrom(world, clientOutside, serverUrl)).status).toBe(403);
  });

  test('nothing of Meshwright lies in the namespace, and the Mesh says why', async () => {
    const secrets = await jsonpath('{.items[*].metadata.name}', 'secrets', `--namespace=${inside}`);
    const configMaps = await jsonpath('{.items[*].metadata.name}', 'configmaps', `--namespace=${inside}`);

    expect([secrets, configMaps.split(' ').toSorted()]).toEqual(['', ['kube-root-ca.crt', 'programs']]);
    const condition = '{.status.conditions[?(@.type=="CertificatesDelivered")].reason}';
    expect(await jsonpath(condition, 'mesh', 'default')).toBe('PodCertificate');
    const who = `--as=system:serviceaccount:${ownNamespace}:meshwright-operator`;
    const may = await world.kubectl(['auth', 'can-i', 'get', 'secrets', `--namespace=${inside}`, who]);
    expect(may.stdout.trim()).toBe('no');
  });

  test('a kubelet that starts again asks for all of its pods: Envoy uses the new certificate, without a restart', async () => {
    const before = { serials: await serials(), restarts: await restarts() };

    await world.machine?.restartKubelet();

    await world.until(async () => {
      const now = await serials().catch(() => []);
      return now.length > 0 && now.every((serial) => !before.serials.includes(serial)) ? true : undefined;
    });
    expect(await restarts()).toBe(before.restarts);
    // A kubelet that starts counts its pods as not ready until it has asked them.
    const served = await world.until(async () => {
      const outcome = await callFrom(world, clientInside, serverUrl);
      return outcome.status === 200 ? outcome : undefined;
    });
    expect(callerIn(served)).toBe(clientIdentity);
  });
});
