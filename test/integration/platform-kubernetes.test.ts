// The Kubernetes platform against a real API server: what arrives, what survives, what is written.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { admit } from '../../api/admission.ts';
import type { CrdDefinition } from '../../operator/platform/kubernetes/crds.ts';
import { ApiClient, type ApiRequest } from '../../operator/platform/kubernetes/http/api-client.ts';
import { loadKubeConfig } from '../../operator/platform/kubernetes/http/kube-config.ts';
import { systemJitteredClock } from '../../operator/platform/kubernetes/http/jittered-clock.ts';
import {
  defaultInformerSettings,
  runInformer,
} from '../../operator/platform/kubernetes/informer/informer.ts';
import { kindOf } from '../../operator/platform/kubernetes/kinds.ts';
import {
  createKubernetesPlatform,
  type KubernetesPlatform,
} from '../../operator/platform/kubernetes/kubernetes.ts';
import type { ObjectStatus } from '../../operator/ports/platform.ts';
import { createLog, watchedLog } from '../../operator/process/log.ts';
import { type ApiServer, apiServerAvailable, startApiServer } from '../support/kubernetes.ts';
import { everyKind, service } from '../support/kubernetes/every-kind.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { Recorder } from '../support/kubernetes/recorder.ts';
import { grantToQa, referenceGrantCrd } from '../support/kubernetes/reference-grant-crd.ts';
import { startTcpProxy, type TcpProxy } from '../support/kubernetes/tcp-proxy.ts';

const available = await apiServerAvailable();
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);
const suite = available.available ? describe : describe.skip;

const log = createLog('silent');
const quick = {
  watchSeconds: 2,
  silenceGraceMs: 1500,
  pageSize: 3,
  backoff: { initialMs: 50, maxMs: 500 },
  absentMs: 100,
};

async function until(condition: () => boolean): Promise<void> {
  await poll(() => Promise.resolve(condition() ? true : undefined), { intervalMs: 20, deadlineMs: 60_000 });
}

interface Watching {
  readonly sink: Recorder;
  /** May be called twice. */
  readonly stop: () => Promise<void>;
}

const open: Pick<Watching, 'stop'>[] = [];

function startWatch(platform: KubernetesPlatform): Watching {
  const sink = new Recorder();
  const stopping = new AbortController();
  const watched = platform.watch(sink, stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await watched;
    platform.close();
  };
  open.push({ stop });
  return { sink, stop };
}

async function readCrds(): Promise<CrdDefinition[]> {
  const folder = new URL('../../config/crd/', import.meta.url);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml'));
  return await Promise.all(
    files.map(async (file) => parse(await readFile(new URL(file, folder), 'utf8')) as CrdDefinition),
  );
}

suite('the Kubernetes platform', () => {
  let server: ApiServer;
  let proxy: TcpProxy;
  let platform: KubernetesPlatform;

  const kubectl = async (args: readonly string[], documents: readonly object[] = []): Promise<string> => {
    const result = await server.kubectl(
      args,
      documents.map((document) => JSON.stringify(document)).join('\n---\n'),
    );
    if (result.code !== 0) throw new Error(result.stderr);
    return result.stdout;
  };
  const apply = (documents: readonly object[]): Promise<string> => kubectl(['apply', '-f', '-'], documents);
  /** Through the proxy. */
  const newPlatform = (): KubernetesPlatform =>
    createKubernetesPlatform({
      kubeConfig: { path: `${server.kubeconfigPath}.proxied` },
      log,
      namespace: 'meshwright-system',
      admit,
      informer: quick,
    });

  beforeAll(async () => {
    server = await startApiServer();
    proxy = await startTcpProxy(Number(new URL(server.url).port));
    const kubeconfig = await readFile(server.kubeconfigPath, 'utf8');
    await writeFile(
      `${server.kubeconfigPath}.proxied`,
      kubeconfig.replace(server.url, `https://127.0.0.1:${proxy.port}`),
    );
    platform = newPlatform();
    await platform.installCrds(await readCrds());
    await apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }]);
  });

  afterEach(async () => {
    proxy.mend();
    await Promise.all(open.splice(0).map(({ stop }) => stop()));
  });

  afterAll(async () => {
    platform.close();
    await proxy.stop();
    await server.stop();
  });

  test('installs definitions that are there already, and changes what differs', async () => {
    const [first, ...others] = await readCrds();
    if (first === undefined) throw new Error('config/crd is empty');
    const { name } = first.metadata;
    await kubectl([
      'patch',
      'crd',
      name,
      '--type=merge',
      '-p',
      '{"spec":{"names":{"shortNames":["changed"]}}}',
    ]);

    await platform.installCrds([first, ...others]);

    const names = JSON.parse(await kubectl(['get', 'crd', name, '-o', 'jsonpath={.spec.names}'])) as object;
    expect(names).toMatchObject(first.spec.names);
  });

  test('delivers objects of every kind, their changes and their deletion', async () => {
    await apply(everyKind);
    const { sink } = startWatch(newPlatform());
    await until(() => sink.syncs === 1);

    expect(sink.atSync.filter((key) => key.includes('/shop') || key.startsWith('Mesh/')).toSorted()).toEqual([
      'Deployment/shop/reviews',
      'EndpointSlice/shop/reviews-a',
      'ExternalWorkload/shop/vm-1',
      'Mesh//default',
      'Namespace//shop',
      'Pod/shop/reviews-1',
      'SecurityPolicy/shop/reviews',
      'Service/shop/reviews',
      'ServiceAccount/shop/reviews',
      'TrafficPolicy/shop/reviews',
    ]);
    expect(sink.objects.get('Pod/shop/reviews-1')).toEqual({
      kind: 'Pod',
      metadata: {
        name: 'reviews-1',
        namespace: 'shop',
        uid: expect.any(String),
        resourceVersion: expect.any(String),
        generation: 1,
        creationTimestamp: expect.any(String),
        labels: { app: 'reviews' },
        annotations: {},
      },
      spec: {
        serviceAccountName: 'reviews',
        restartPolicy: 'Always',
        containers: [{ name: 'app', ports: [{ containerPort: 9080, protocol: 'TCP' }] }],
      },
      status: { phase: 'Pending' },
    });
    expect(sink.rejected).toEqual(new Map());

    await apply([service('reviews', 9081)]);
    await until(() => sink.portOf('reviews') === 9081);
    await kubectl(['delete', 'service', 'reviews', '-n', 'shop']);
    await until(() => !sink.objects.has('Service/shop/reviews'));
    expect(sink.syncs).toBe(1);
  });

  test('starts without the Gateway API, and heeds ReferenceGrants from when it is installed until it is removed', async () => {
    const { sink } = startWatch(newPlatform());
    await until(() => sink.syncs === 1);

    await apply([referenceGrantCrd]);
    await kubectl(['wait', '--for=condition=Established', 'crd', referenceGrantCrd.metadata.name]);
    await apply([grantToQa]);
    await until(() => sink.objects.has('ReferenceGrant/shop/to-qa'));
    expect(sink.objects.get('ReferenceGrant/shop/to-qa')).toMatchObject({ spec: grantToQa.spec });

    await kubectl(['delete', 'crd', referenceGrantCrd.metadata.name]);
    await until(() => !sink.objects.has('ReferenceGrant/shop/to-qa'));
    await apply([service('later', 80)]);
    await until(() => sink.portOf('later') === 80);
    await kubectl(['delete', 'service', 'later', '-n', 'shop']);
  });

  test('keeps what it knows of an optional kind while it may not read it, and what came meanwhile once it may', async () => {
    await apply([referenceGrantCrd]);
    await kubectl(['wait', '--for=condition=Established', 'crd', referenceGrantCrd.metadata.name]);
    const role = ['--clusterrole=cluster-admin', '--serviceaccount=shop:watcher'];
    await kubectl(['create', 'serviceaccount', 'watcher', '-n', 'shop']);
    await kubectl(['create', 'clusterrolebinding', 'watcher', ...role]);
    await apply([grantToQa]);
    const token = (await kubectl(['create', 'token', 'watcher', '-n', 'shop'])).trim();
    const kubeconfig = JSON.parse(await readFile(server.kubeconfigPath, 'utf8')) as object;
    const path = `${server.kubeconfigPath}.watcher`;
    await writeFile(path, JSON.stringify({ ...kubeconfig, users: [{ name: 'admin', user: { token } }] }));

    const known: string[] = [];
    const removed: string[] = [];
    const troubles: string[] = [];
    const api = new ApiClient({ kubeConfig: loadKubeConfig({ path }), clock: systemJitteredClock });
    const stopping = new AbortController();
    const running = runInformer(
      {
        kind: kindOf('ReferenceGrant'),
        api,
        sink: {
          upsert: ({ metadata }) => known.push(metadata.name),
          remove: ({ name }) => removed.push(name),
          listed: () => undefined,
        },
        clock: systemJitteredClock,
        log: watchedLog((trouble) => troubles.push(trouble)),
        settings: quick,
      },
      stopping.signal,
    );
    const stop = async (): Promise<void> => {
      stopping.abort();
      await running;
      api.close();
    };
    open.push({ stop });
    await until(() => known.includes('to-qa'));

    await kubectl(['delete', 'clusterrolebinding', 'watcher']);
    await until(() => troubles.some((trouble) => trouble.startsWith('no permission to watch')));
    await apply([{ ...grantToQa, metadata: { name: 'meanwhile', namespace: 'shop' } }]);
    await kubectl(['create', 'clusterrolebinding', 'watcher', ...role]);
    await until(() => known.includes('meanwhile'));

    expect(removed).toEqual([]);
    await kubectl(['delete', 'crd', referenceGrantCrd.metadata.name]);
  });

  test('rejects an object that fails our own checks, and takes it back when it is mended', async () => {
    const refusing = createKubernetesPlatform({
      kubeConfig: { path: server.kubeconfigPath },
      log,
      namespace: 'meshwright-system',
      admit: (document) =>
        JSON.stringify(document).includes('"bad"')
          ? { ok: false, problems: ['It is bad.'] }
          : admit(document),
      informer: quick,
    });
    const policy = (name: string): object => ({
      apiVersion: 'meshwright.dev/v1alpha1',
      kind: 'TrafficPolicy',
      metadata: { name: 'checked', namespace: 'shop' },
      spec: { targetRefs: [{ kind: 'Service', name: 'reviews' }], routes: [{ name }] },
    });
    const guard = {
      apiVersion: 'meshwright.dev/v1alpha1',
      kind: 'SecurityPolicy',
      metadata: { name: 'guard', namespace: 'shop' },
      spec: {
        targetRefs: [{ kind: 'Service', name: 'reviews' }],
        authorization: { rules: [{ name: 'bad', action: 'Allow' }] },
      },
    };
    await apply([policy('bad'), guard]);
    const { sink } = startWatch(refusing);

    await until(() => sink.syncs === 1);
    expect(sink.rejected.get('TrafficPolicy/shop/checked')).toEqual(['It is bad.']);
    expect(sink.objects.has('TrafficPolicy/shop/checked')).toBe(false);
    // It may have refused callers before this start.
    expect(sink.objects.get('SecurityPolicy/shop/guard')).toMatchObject({
      spec: { authorization: { rules: [{ name: 'closed', action: 'Deny' }] } },
    });
    await kubectl(['delete', 'securitypolicy', 'guard', '-n', 'shop']);
    await until(() => !sink.objects.has('SecurityPolicy/shop/guard'));
    await apply([policy('good')]);
    await until(() => sink.objects.has('TrafficPolicy/shop/checked'));
    expect(sink.rejected).toEqual(new Map());
  });

  test('converges after the API server was killed, with what was made, changed and deleted while it could not see', async () => {
    await apply([service('kept', 80), service('changed', 80), service('doomed', 80)]);
    const { sink } = startWatch(newPlatform());
    await until(() => sink.syncs === 1 && sink.names('Service').length === 3);

    await server.stopServer();
    proxy.cut();
    await server.startAgain();
    await kubectl(['delete', 'service', 'doomed', '-n', 'shop']);
    await apply([service('changed', 81), service('new', 80)]);
    expect(sink.names('Service')).toEqual(['changed', 'doomed', 'kept']);
    proxy.mend();

    await until(() => sink.names('Service').join() === 'changed,kept,new' && sink.portOf('changed') === 81);
    await apply([service('later', 80)]);
    await until(() => sink.names('Service').join() === 'changed,kept,later,new');
    expect(sink.syncs).toBe(1);
  });

  test('says synced only when an API server that was down at start has answered for every kind', async () => {
    proxy.cut();
    const { sink } = startWatch(newPlatform());
    await poll(() => Promise.resolve(undefined), { intervalMs: 50, deadlineMs: 300 }).catch(() => undefined);
    expect(sink.syncs).toBe(0);

    proxy.mend();

    await until(() => sink.syncs === 1);
    expect(sink.atSync).toContain('Namespace//shop');
  });

  test('notices a connection that is open and silent, and catches up', async () => {
    await apply([service('silent', 80)]);
    const { sink } = startWatch(newPlatform());
    await until(() => sink.syncs === 1 && sink.names('Service').includes('silent'));

    proxy.freeze();
    await kubectl(['delete', 'service', 'silent', '-n', 'shop']);

    await until(() => !sink.names('Service').includes('silent'));
    expect(sink.syncs).toBe(1);
  });

  test('lists again when the version it watches from is gone (410)', async () => {
    // A restarted API server remembers no changes from before its start, so version 1 is too old for it.
    await server.stopServer();
    await server.startAgain();
    const api = new ApiClient({
      kubeConfig: loadKubeConfig({ path: server.kubeconfigPath }),
      clock: systemJitteredClock,
    });
    const versions: string[] = [];
    const tooOld = {
      read: (request: ApiRequest, signal?: AbortSignal) => api.read(request, signal),
      open: (request: ApiRequest, signal: AbortSignal) => {
        versions.push(request.query?.['resourceVersion'] ?? '');
        const query =
          versions.length === 1 ? { ...request.query, resourceVersion: '1' } : { ...request.query };
        return api.open({ ...request, query }, signal);
      },
    };
    const seen = new Set<string>();
    let lists = 0;
    const sink = {
      upsert: (object: { metadata: { name: string } }) => seen.add(object.metadata.name),
      remove: ({ name }: { name: string }) => seen.delete(name),
      listed: () => (lists += 1),
    };
    const errors: unknown[] = [];
    const recording = {
      ...log,
      warn: (fields: { err: unknown }) => errors.push(fields.err),
    } as unknown as typeof log;
    const stopping = new AbortController();
    const kind = kindOf('Service');
    const options = {
      kind,
      api: tooOld,
      sink,
      clock: systemJitteredClock,
      log: recording,
      settings: { ...defaultInformerSettings, ...quick },
    };
    const running = runInformer(options, stopping.signal);

    await until(() => lists >= 2 && versions.length >= 2);
    await apply([service('after-410', 80)]);
    await until(() => seen.has('after-410'));
    expect(errors).toEqual([expect.objectContaining({ code: 410 })]);
    stopping.abort();
    await running;
    api.close();
  });

  test('replaces a status, also when the object changed in between, and forgives one that is gone', async () => {
    const ref = { kind: 'TrafficPolicy', namespace: 'shop', name: 'written' } as const;
    const policy = {
      apiVersion: 'meshwright.dev/v1alpha1',
      kind: 'TrafficPolicy',
      metadata: { name: 'written', namespace: 'shop' },
      spec: { targetRefs: [{ kind: 'Service', name: 'reviews' }], routes: [{ name: 'all' }] },
    };
    await apply([policy]);
    const status = (message: string): ObjectStatus => ({
      conditions: [
        {
          type: 'Programmed',
          status: 'True',
          observedGeneration: 1,
          lastTransitionTime: '2026-01-02T03:04:05Z',
          reason: 'Programmed',
          message,
        },
      ],
      proxies: { programmed: 3, total: 3, summary: '3/3' },
    });

    expect(await platform.statuses.read(ref)).toBeUndefined();
    await platform.statuses.write(ref, status('First.'));
    expect(await platform.statuses.read(ref)).toEqual(status('First.'));
    // Writers that race: each has read a version that another replaces, four times at most, since each writes once. The fifth
    // conflict would be the last.
    const messages = ['a.', 'b.'];
    const edits = ['1', '2', '3'].map((label) =>
      kubectl(['annotate', 'trafficpolicy', 'written', '-n', 'shop', '--overwrite', `edit=${label}`]),
    );
    await Promise.all([
      ...edits,
      ...messages.map((message) => platform.statuses.write(ref, status(message))),
    ]);
    expect(messages.map((message) => status(message))).toContainEqual(await platform.statuses.read(ref));
    expect(
      await kubectl([
        'get',
        'trafficpolicy',
        'written',
        '-n',
        'shop',
        '-o',
        'jsonpath={.metadata.generation}',
      ]),
    ).toBe('1');
    await kubectl([
      'wait',
      '--for=condition=Programmed',
      'trafficpolicy/written',
      '-n',
      'shop',
      '--timeout=60s',
    ]);
    await kubectl(['delete', 'trafficpolicy', 'written', '-n', 'shop']);
    await platform.statuses.write(ref, status('Late.'));
    expect(await platform.statuses.read(ref)).toBeUndefined();
  });

  test('keeps Secrets of its own and leaves others alone', async () => {
    const { secrets } = platform;
    const labels = { 'meshwright.dev/certificate': 'reviews' };
    const first = { 'tls.crt': 'certificate 1', 'tls.key': 'key 1', 'ca.crt': 'root' };
    const second = { 'tls.crt': 'certificate 2', 'tls.key': 'key 2', 'ca.crt': 'root' };

    expect(await secrets.read('shop', 'reviews-cert')).toBeUndefined();
    await secrets.write('shop', 'reviews-cert', first, labels);
    expect(await secrets.create('shop', 'reviews-cert', second, labels)).toBe('exists');
    expect(await secrets.read('shop', 'reviews-cert')).toEqual(first);
    await secrets.write('shop', 'reviews-cert', second, labels);
    expect(await secrets.read('shop', 'reviews-cert')).toEqual(second);
    const change = { before: first, data: { ...first, 'other.key': 'key 3' }, labels };
    expect(await secrets.replace('shop', 'reviews-cert', change)).toBe('changed');
    expect(await secrets.replace('shop', 'reviews-cert', { ...change, before: second })).toBe('replaced');
    expect(await secrets.read('shop', 'reviews-cert')).toEqual(change.data);
    expect(await secrets.replace('shop', 'nobody-cert', change)).toBe('changed');
    expect(await secrets.create('shop', 'settings', { 'any.txt': 'text' }, {})).toBe('created');
    const live = JSON.parse(
      await kubectl(['get', 'secret', 'reviews-cert', 'settings', '-n', 'shop', '-o', 'json']),
    ) as {
      items: { type: string; metadata: { labels: object; ownerReferences?: unknown } }[];
    };
    expect(live.items.map(({ type, metadata }) => [type, metadata.labels, metadata.ownerReferences])).toEqual(
      [
        ['kubernetes.io/tls', { ...labels, 'app.kubernetes.io/managed-by': 'meshwright' }, undefined],
        ['Opaque', { 'app.kubernetes.io/managed-by': 'meshwright' }, undefined],
      ],
    );

    expect(await secrets.create('meshwright-system', 'root', first, labels)).toBe('created');
    expect(await secrets.read('meshwright-system', 'root')).toEqual(first);
    await expect(secrets.write('nowhere', 'root', first, labels)).rejects.toMatchObject({ code: 404 });

    await kubectl(['create', 'secret', 'generic', 'foreign', '-n', 'shop', '--from-literal=a=b']);
    const refusal = /^Secret shop\/foreign does not belong to Meshwright and was not changed\./;
    await expect(secrets.write('shop', 'foreign', first, labels)).rejects.toThrow(refusal);
    await expect(secrets.read('shop', 'foreign')).rejects.toThrow(refusal);
    expect(await secrets.readBrought('shop', 'foreign')).toEqual({ a: 'b' });
    expect(await secrets.readBrought('shop', 'nobody-cert')).toBeUndefined();
    expect(await kubectl(['get', 'secret', 'foreign', '-n', 'shop', '-o', 'jsonpath={.data}'])).toBe(
      '{"a":"Yg=="}',
    );
  });
});
