// What the operator reads of Kubernetes' own kinds is the same in protobuf (lists) and in JSON (watches), on a real API server.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { StoredObject } from '../../operator/objects/objects.ts';
import { type ClusterKind, convert } from '../../operator/platform/kubernetes/convert.ts';
import { ApiClient } from '../../operator/platform/kubernetes/http/api-client.ts';
import { systemJitteredClock } from '../../operator/platform/kubernetes/http/jittered-clock.ts';
import { loadKubeConfig } from '../../operator/platform/kubernetes/http/kube-config.ts';
import { listPages } from '../../operator/platform/kubernetes/informer/list.ts';
import { pruned } from '../../operator/platform/kubernetes/informer/raw-object.ts';
import { ownConfigMaps, type ResourceKind, watchedKinds } from '../../operator/platform/kubernetes/kinds.ts';
import { protobufType } from '../../operator/platform/kubernetes/protobuf/list.ts';
import { readers } from '../../operator/platform/kubernetes/protobuf/kinds.ts';
import { type ApiServer, apiServerAvailable, startApiServer } from '../support/kubernetes.ts';
import { fullObjects, fullStatus } from '../support/kubernetes/full-objects.ts';

const available = await apiServerAvailable();
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);
const suite = available.available ? describe : describe.skip;

const { only: _, ...configMaps } = ownConfigMaps('shop');
const kinds: readonly ResourceKind[] = [...watchedKinds, configMaps].filter(({ kind }) => kind in readers);
const List = z.object({ items: z.array(z.record(z.string(), z.unknown())) });

suite('lists as protobuf', () => {
  let server: ApiServer;
  let api: ApiClient;

  const kubectl = async (args: readonly string[], input = ''): Promise<string> => {
    const { code, stdout, stderr } = await server.kubectl(args, input);
    if (code !== 0) throw new Error(stderr);
    return stdout;
  };
  const listed = async (kind: ResourceKind): Promise<StoredObject[]> => {
    const found: StoredObject[] = [];
    const options = { kind, pageSize: 2, signal: new AbortController().signal };
    for await (const { objects } of listPages(api, options))
      for (const object of objects) {
        const read = object[pruned];
        if (read === undefined) throw new Error(`${kind.kind} came as JSON`);
        found.push(read);
      }
    return found;
  };
  const listedAsJson = async ({ kind, plural, group, version }: ResourceKind): Promise<unknown[]> => {
    const resource = group === '' ? `/api/v1/${plural}` : `/apis/${group}/${version}/${plural}`;
    const { items } = List.parse(JSON.parse(await kubectl(['get', '--raw', resource])));
    return items.map((item) => convert(kind as ClusterKind, { ...item, kind }));
  };

  beforeAll(async () => {
    server = await startApiServer();
    api = new ApiClient({
      kubeConfig: loadKubeConfig({ path: server.kubeconfigPath }),
      clock: systemJitteredClock,
    });
    await kubectl(['create', 'namespace', 'shop']);
    // Applied by the client: the annotation that kubectl keeps the manifest in is there.
    await kubectl(['apply', '-f', '-'], fullObjects.map((one) => JSON.stringify(one)).join('\n---\n'));
    const status = JSON.stringify({ status: fullStatus });
    await kubectl(['-n', 'shop', 'patch', 'pod', 'full', '--subresource=status', '-p', status]);
    await kubectl(['-n', 'shop', 'delete', 'pod', 'going', '--wait=false']);
  });

  afterAll(async () => {
    api.close();
    await server.stop();
  });

  test.each(kinds.map((kind) => [kind.kind, kind] as const))('%s', async (_name, kind) => {
    const fromProtobuf = await listed(kind);

    expect(fromProtobuf.length).toBeGreaterThan(0);
    expect(fromProtobuf).toStrictEqual(await listedAsJson(kind));
  });

  test('a refusal is told in words, too', async () => {
    const accept = `${protobufType}, application/json`;
    const refused = api.read({
      method: 'GET',
      path: '/api/v1/pods',
      query: { continue: 'nonsense' },
      accept,
    });

    await expect(refused).rejects.toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message: expect.stringContaining('continue key is not valid'),
    });
  });

  test('all of it was there to be read', async () => {
    const pods = await listed(kinds.find(({ kind }) => kind === 'Pod') ?? configMaps);

    expect(pods).toEqual([
      expect.objectContaining({
        spec: expect.objectContaining({
          hostNetwork: true,
          containers: [
            expect.objectContaining({
              livenessProbe: expect.objectContaining({
                httpGet: expect.objectContaining({ port: 'http' }),
                timeoutSeconds: 7,
              }),
              startupProbe: expect.objectContaining({ grpc: { port: 9090 } }),
            }),
          ],
        }),
        status: expect.objectContaining({
          podIPs: fullStatus.podIPs,
          conditions: expect.arrayContaining([{ type: 'Ready', status: 'False' }]),
        }),
      }),
      expect.objectContaining({
        metadata: expect.objectContaining({ deletionTimestamp: expect.stringMatching(/^20.*Z$/) }),
      }),
    ]);
  });
});
