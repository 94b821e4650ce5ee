// Sidecars by reconcile, on a real API server: what happens to pod templates, whoever else writes them.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { apiServerAvailable } from '../support/kubernetes.ts';
import {
  initNames,
  type Injection,
  type RunningReconciler,
  type SeenWorkload,
  startInjection,
  writeCertificate,
  writeDeploymentStatus,
} from '../support/injection.ts';

const available = await apiServerAvailable();
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);
const suite = available.available ? describe : describe.skip;

const ours = ['mw-init', 'mw-proxy'];
const injected = 'meshwright.dev/injected';
const newerImages = { sidecar: 'envoy:newer', init: 'meshwright:newer' };
const optOut = JSON.stringify({
  spec: { template: { metadata: { labels: { 'meshwright.dev/inject': 'false' } } } },
});

interface TemplateParts {
  readonly name?: string;
  readonly initContainers?: readonly string[];
  readonly pod?: object;
  readonly labels?: object;
}

function template({ initContainers = [], pod = {}, labels = {} }: TemplateParts): object {
  return {
    metadata: { labels: { app: 'web', ...labels } },
    spec: {
      ...(initContainers.length > 0 && {
        initContainers: initContainers.map((name) => ({ name, image: `${name}:1` })),
      }),
      containers: [{ name: 'app', image: 'app:1' }],
      ...pod,
    },
  };
}

function workload(kind: string, namespace: string, { name = 'web', ...parts }: TemplateParts = {}): object {
  const metadata = { name, namespace };
  const own = kind === 'StatefulSet' ? { serviceName: 'web' } : {};
  if (kind === 'CronJob') {
    const pod = { restartPolicy: 'Never', ...parts.pod };
    const jobTemplate = { spec: { template: template({ ...parts, pod }) } };
    return { apiVersion: 'batch/v1', kind, metadata, spec: { schedule: '0 0 1 1 *', jobTemplate } };
  }
  const selector = { matchLabels: { app: 'web' } };
  return { apiVersion: 'apps/v1', kind, metadata, spec: { ...own, selector, template: template(parts) } };
}

function deployment(namespace: string, parts: TemplateParts = {}): object {
  return workload('Deployment', namespace, parts);
}

suite('injection', () => {
  let cluster: Injection;
  let running: RunningReconciler;

  const get = (namespace: string, kind = 'deployments'): Promise<SeenWorkload> =>
    cluster.get(kind, namespace, 'web');
  /** Waits until the init containers are these, in this order. */
  const untilInits = (
    namespace: string,
    names: readonly string[],
    kind = 'deployments',
  ): Promise<SeenWorkload> =>
    cluster.until(async () => {
      const seen = await get(namespace, kind);
      const { template: found } = seen.spec.jobTemplate?.spec ?? seen.spec;
      const isDone = initNames(found).join() === names.join() && ownsOnlyOurs(seen);
      return isDone ? seen : undefined;
    });

  const expectNoDiff = async (args: readonly string[], document: object): Promise<void> => {
    const { code, stdout } = await cluster.tryKubectl(args, document);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  };
  /** These workloads are left to tell of. */
  const untilTold = (namespace: string, names: readonly string[]): Promise<true> =>
    cluster.until(() => {
      const { details } = running.reconciler.report();
      const keys = details.map(({ key }) => key.split('/')).filter(([, place]) => place === namespace);
      return Promise.resolve(keys.map(([, , name]) => name).join() === names.join() ? true : undefined);
    });
  /** No workload is left to tell of. */
  const untilNone = (namespace: string): Promise<true> => untilTold(namespace, []);
  /** Nothing is written any more: the report has caught up, and the version stays. */
  const settledAt = async (namespace: string, seen: SeenWorkload): Promise<void> => {
    await untilNone(namespace);
    expect((await get(namespace)).metadata.resourceVersion).toBe(seen.metadata.resourceVersion);
  };
  /** The operator that runs, or that one, has looked at the Deployment `web` there: its pods have not come up. */
  const untilLookedAt = (namespace: string, by = running): Promise<true> =>
    cluster.until(() => {
      const { details } = by.reconciler.report();
      const isSeen = details.some(({ key }) => key === `Deployment/${namespace}/web`);
      return Promise.resolve(isSeen ? true : undefined);
    });
  const untilProxyImage = (namespace: string, image: string): Promise<string> =>
    cluster.until(async () => {
      const { initContainers = [] } = (await get(namespace)).spec.template.spec;
      return initContainers[1]?.image === image ? image : undefined;
    });
  const untilState = (namespace: string, reason: string, message = /./): Promise<true> =>
    cluster.until(() => {
      const { details } = running.reconciler.report();
      const isThere = details.some(
        (detail) =>
          detail.key.includes(`/${namespace}/`) && detail.reason === reason && message.test(detail.message),
      );
      return Promise.resolve(isThere ? true : undefined);
    });
  /** The message of an Event on a workload. */
  const untilEvent = (namespace: string, reason: string): Promise<string> =>
    cluster.until(async () => {
      const path = `/api/v1/namespaces/${namespace}/events`;
      const { items } = (await cluster.call({ method: 'GET', path })) as {
        items: { reason: string; message: string }[];
      };
      return items.find((event) => event.reason === reason)?.message;
    });

  beforeAll(async () => {
    cluster = await startInjection();
    await cluster.kubectl(['apply', '-f', '-'], {
      apiVersion: 'meshwright.dev/v1alpha1',
      kind: 'Mesh',
      metadata: { name: 'default' },
      spec: {},
    });
    running = cluster.start();
  });

  afterAll(async () => {
    await cluster.stop();
  });

  const users = [
    ['kubectl apply', ['apply', '-f', '-']],
    ['server-side apply', ['apply', '--server-side', '--field-manager=user', '-f', '-']],
    ['kubectl create', ['create', '-f', '-']],
  ] as const;

  test.each(users)('ours come first, in one rollout, when the user works with %s', async (_name, args) => {
    const namespace = `first-${args[0]}-${args.length}`;
    await cluster.namespace(namespace);

    await cluster.kubectl(args, deployment(namespace, { initContainers: ['u1', 'u2'] }));

    const seen = await untilInits(namespace, [...ours, 'u1', 'u2']);
    expect(seen.metadata.generation).toBe(2);
    expect(seen.metadata.labels).toMatchObject({ [injected]: 'true' });
    expect(seen.spec.template.spec.volumes?.map(({ name }) => name)).toEqual(['mw-certs']);
  });

  test('a second operator that looks at it changes nothing', async () => {
    await cluster.namespace('twice');
    await cluster.kubectl(['apply', '-f', '-'], deployment('twice', { initContainers: ['u1'] }));
    const before = await untilInits('twice', [...ours, 'u1']);

    const second = cluster.start();
    await untilLookedAt('twice', second);
    await second.stop();

    const after = await get('twice');
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  const changes = [
    ['nothing', ['u1', 'u2'], [...ours, 'u1', 'u2'], 0],
    ['one more at the end', ['u1', 'u2', 'u3'], [...ours, 'u1', 'u2', 'u3'], 1],
    ['one more at the front', ['u0', 'u1', 'u2'], [...ours, 'u0', 'u1', 'u2'], 2],
    ['the other order', ['u2', 'u1'], [...ours, 'u2', 'u1'], 1],
    ['one less', ['u1'], [...ours, 'u1'], 1],
    ['none any more', [], ours, 2],
  ] as const;

  test.each(changes)(
    'after kubectl apply with %s it is whole, with one rollout more at most',
    async (name, inits, wanted, rollouts) => {
      const namespace = `csa-${name.replaceAll(' ', '-')}`;
      await cluster.namespace(namespace);
      await cluster.kubectl(['apply', '-f', '-'], deployment(namespace, { initContainers: ['u1', 'u2'] }));
      const before = await untilInits(namespace, [...ours, 'u1', 'u2']);

      await cluster.kubectl(['apply', '-f', '-'], deployment(namespace, { initContainers: inits }));

      const after = await untilInits(namespace, wanted);
      expect(after.metadata.generation - before.metadata.generation).toBe(rollouts);
      await expectNoDiff(['diff', '-f', '-'], deployment(namespace, { initContainers: inits }));
    },
  );

  test.each(changes)(
    'after server-side apply with %s nothing has to be mended',
    async (name, inits, wanted, rollouts) => {
      const namespace = `ssa-${name.replaceAll(' ', '-')}`;
      const apply = ['apply', '--server-side', '--field-manager=user', '-f', '-'];
      await cluster.namespace(namespace);
      await cluster.kubectl(apply, deployment(namespace, { initContainers: ['u1', 'u2'] }));
      const before = await untilInits(namespace, [...ours, 'u1', 'u2']);

      await cluster.kubectl(apply, deployment(namespace, { initContainers: inits }));

      const after = await untilInits(namespace, wanted);
      expect(after.metadata.generation - before.metadata.generation).toBe(Math.min(rollouts, 1));
      await expectNoDiff(
        ['diff', '--server-side', '--field-manager=user', '-f', '-'],
        deployment(namespace, { initContainers: inits }),
      );
    },
  );

  const everyday = [
    ['set image', (namespace: string) => ['set', 'image', 'deployment/web', 'app=app:2', '-n', namespace]],
    ['scale', (namespace: string) => ['scale', 'deployment/web', '--replicas=3', '-n', namespace]],
    ['rollout restart', (namespace: string) => ['rollout', 'restart', 'deployment/web', '-n', namespace]],
  ] as const;

  test.each(everyday)('kubectl %s leaves our part where it is', async (name, command) => {
    const namespace = `everyday-${name.replaceAll(' ', '-')}`;
    await cluster.namespace(namespace);
    await cluster.kubectl(['apply', '-f', '-'], deployment(namespace, { initContainers: ['u1'] }));
    const before = await untilInits(namespace, [...ours, 'u1']);

    await cluster.kubectl(command(namespace));

    const after = await untilInits(namespace, [...ours, 'u1']);
    expect(after.metadata.generation - before.metadata.generation).toBe(1);
  });

  test('kubectl replace is mended, until it is clear that somebody fights', async () => {
    const namespace = 'replace';
    await cluster.namespace(namespace);
    await cluster.kubectl(['apply', '-f', '-'], deployment(namespace, { initContainers: ['u1'] }));
    await untilInits(namespace, [...ours, 'u1']);

    for (const _ of [1, 2, 3]) {
      // oxlint-disable-next-line no-await-in-loop -- one reset after the other
      await cluster.kubectl(
        ['replace', '--field-manager=resetter', '-f', '-'],
        deployment(namespace, { initContainers: ['u1'] }),
      );
      await untilInits(namespace, [...ours, 'u1']);
    }
    await cluster.kubectl(
      ['replace', '--field-manager=resetter', '-f', '-'],
      deployment(namespace, { initContainers: ['u1'] }),
    );

    const event = await untilEvent(namespace, 'Contested');
    expect(event).toMatch(/restored it 3 times.*Known field managers of the pod template: .*kubectl/);
    expect(initNames((await get(namespace)).spec.template)).toEqual(['u1']);
    // Something else is wanted now.
    await cluster.kubectl(['replace', '-f', '-'], deployment(namespace, { initContainers: ['u2'] }));
    await untilInits(namespace, [...ours, 'u2']);
  });

  test('an edit of our container is undone', async () => {
    await cluster.namespace('edited');
    await cluster.kubectl(['apply', '-f', '-'], deployment('edited'));
    await untilInits('edited', ours);

    await cluster.kubectl(['set', 'image', 'deployment/web', 'mw-proxy=other:1', '-n', 'edited']);

    expect(await untilProxyImage('edited', 'envoy:test')).toBe('envoy:test');
  });

  const ends = [
    ['the namespace loses its label', (n: string) => ['label', 'namespace', n, 'meshwright.dev/mesh-']],
    ['the pod template opts out', (n: string) => ['patch', 'deployment', 'web', '-n', n, '-p', optOut]],
  ] as const;

  test.each(ends)('exactly our part goes when %s', async (name, command) => {
    const namespace = `end-${name.split(' ')[1]}`;
    await cluster.namespace(namespace, {});
    await cluster.kubectl(['apply', '-f', '-'], deployment(namespace, { initContainers: ['u1'] }));
    const original = await get(namespace);
    await cluster.kubectl(['label', 'namespace', namespace, 'meshwright.dev/mesh=enabled']);
    await untilInits(namespace, [...ours, 'u1']);

    await cluster.kubectl(command(namespace));

    const after = await untilInits(namespace, ['u1']);
    expect(after.spec.template.spec).toEqual(original.spec.template.spec);
    expect(after.spec.template.metadata?.annotations).toBeUndefined();
    expect(after.metadata.labels).toBeUndefined();
    await settledAt(namespace, after);
  });

  test('it goes as exactly when somebody else has come to own it', async () => {
    await cluster.namespace('owned');
    const original = deployment('owned', { initContainers: ['u1'] });
    await cluster.kubectl(['apply', '--server-side', '--field-manager=user', '-f', '-'], original);
    const { spec } = await untilInits('owned', [...ours, 'u1']);
    // As `kubectl rollout undo` writes it.
    await cluster.call({
      method: 'PATCH',
      path: '/apis/apps/v1/namespaces/owned/deployments/web',
      query: { fieldManager: 'kubectl-rollout' },
      contentType: 'application/json-patch+json',
      body: [{ op: 'replace', path: '/spec/template', value: withImage(spec.template, 'other:1') }],
    });
    await untilProxyImage('owned', 'envoy:test');
    await cluster.call({
      method: 'PATCH',
      path: '/apis/apps/v1/namespaces/owned/deployments/web',
      query: { fieldManager: 'user', force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: deployment('owned', { initContainers: ['mw-proxy', 'u1'] }),
    });
    await untilInits('owned', [...ours, 'u1']);

    await cluster.kubectl(['label', 'namespace', 'owned', 'meshwright.dev/mesh-']);

    const after = await untilInits('owned', ['u1']);
    expect(after.spec.template.spec.volumes).toBeUndefined();
  });

  const refusals = [
    ['HostNetwork', {}, { pod: { hostNetwork: true } }],
    ['NotLinux', {}, { pod: { os: { name: 'windows' } } }],
    ['PodSecurity', { 'pod-security.kubernetes.io/enforce': 'baseline' }, {}],
    ['NameTaken', {}, { initContainers: ['mw-proxy'] }],
    ['RunsAsSidecarUser', {}, { pod: { securityContext: { runAsUser: 1337 } } }],
  ] as const;

  test.each(refusals)('%s: an Event instead of a broken rollout', async (reason, labels, parts) => {
    const namespace = `refused-${reason.toLowerCase()}`;
    await cluster.namespace(namespace, { 'meshwright.dev/mesh': 'enabled', ...labels });

    await cluster.kubectl(['create', '-f', '-'], deployment(namespace, parts));

    expect(await untilEvent(namespace, reason)).not.toBe('');
    const seen = await get(namespace);
    expect(seen.metadata.generation).toBe(1);
    expect(running.reconciler.report().details).toContainEqual(
      expect.objectContaining({ key: `Deployment/${namespace}/web`, type: 'refused', reason }),
    );
  });

  test('a reason that comes up later takes our part out', async () => {
    await cluster.namespace('later');
    await cluster.kubectl(['apply', '-f', '-'], deployment('later'));
    await untilInits('later', ours);

    await cluster.kubectl(['apply', '-f', '-'], deployment('later', { pod: { hostNetwork: true } }));

    const after = await untilInits('later', []);
    expect(after.spec.template.spec.volumes).toBeUndefined();
    expect(await untilEvent('later', 'HostNetwork')).toMatch(/Remove hostNetwork/);
  });

  const otherKinds = [
    ['StatefulSet', 'statefulsets'],
    ['DaemonSet', 'daemonsets'],
    ['CronJob', 'cronjobs'],
  ] as const;

  test.each(otherKinds)('a %s gets it and loses it', async (kind, plural) => {
    const namespace = `kind-${plural}`;
    await cluster.namespace(namespace);
    await cluster.kubectl(['apply', '-f', '-'], workload(kind, namespace, { initContainers: ['u1'] }));
    await untilInits(namespace, [...ours, 'u1'], plural);
    await expectNoDiff(['diff', '-f', '-'], workload(kind, namespace, { initContainers: ['u1'] }));

    await cluster.kubectl(['label', 'namespace', namespace, 'meshwright.dev/mesh-']);

    const after = await untilInits(namespace, ['u1'], plural);
    expect(JSON.stringify(after.spec)).not.toMatch(/mw-|meshwright/);
  });

  test('a workload counts once its pods are there, also if it served nobody before', async () => {
    await cluster.namespace('rolling');
    await cluster.kubectl(['apply', '-f', '-'], deployment('rolling'));
    await untilInits('rolling', ours);
    await untilState('rolling', 'RollingOut', /0 of 1 pods updated, 0 available/);

    await writeDeploymentStatus(cluster, { namespace: 'rolling', name: 'web' });
    expect(await untilNone('rolling')).toBe(true);
  });

  test('a paused Deployment gets it without being waited for', async () => {
    await cluster.namespace('paused', {});
    await cluster.kubectl(['apply', '-f', '-'], deployment('paused'));
    await writeDeploymentStatus(cluster, { namespace: 'paused', name: 'web' });
    await cluster.kubectl(['rollout', 'pause', 'deployment/web', '-n', 'paused']);

    await cluster.kubectl(['label', 'namespace', 'paused', 'meshwright.dev/mesh=enabled']);

    await untilInits('paused', ours);
    await writeDeploymentStatus(cluster, { namespace: 'paused', name: 'web' }, 'older pods are left');
    await cluster.kubectl(['annotate', 'deployment/web', '-n', 'paused', 'look=again']);
    expect(await untilState('paused', 'Paused')).toBe(true);
  });

  test('an apply that is refused: client-side, without the volumes that were there', async () => {
    const volumes = { volumes: [{ name: 'cache', emptyDir: {} }] };
    await cluster.namespace('volumes');
    await cluster.kubectl(
      ['apply', '-f', '-'],
      deployment('volumes', { pod: volumes, initContainers: ['u1'] }),
    );
    await untilInits('volumes', [...ours, 'u1']);

    const dropped = await cluster.tryKubectl(
      ['apply', '-f', '-'],
      deployment('volumes', { initContainers: ['u1'] }),
    );
    const emptied = await cluster.tryKubectl(
      ['apply', '-f', '-'],
      deployment('volumes', { pod: { volumes: [] }, initContainers: ['u1'] }),
    );

    expect(dropped.stderr).toMatch(/Not found: "mw-certs"/);
    expect(emptied.code).toBe(0);
    const after = await untilInits('volumes', [...ours, 'u1']);
    expect(after.spec.template.spec.volumes?.map(({ name }) => name)).toEqual(['mw-certs']);
  });

  test('an apply that is refused: a grace period shorter than the drain of the sidecar', async () => {
    const grace = (seconds: number): object =>
      deployment('grace', { pod: { terminationGracePeriodSeconds: seconds } });
    await cluster.namespace('grace');
    await cluster.kubectl(['apply', '-f', '-'], grace(3));
    await untilInits('grace', ours);

    const shorter = await cluster.tryKubectl(['apply', '-f', '-'], grace(2));
    const longer = await cluster.tryKubectl(['apply', '-f', '-'], grace(4));

    expect(shorter.stderr).toMatch(/preStop.*less than terminationGracePeriodSeconds \(2\)/);
    expect(longer.code).toBe(0);
  });

  test('nothing is rolled before certificate and control plane are there', async () => {
    const certificate = (verb: string): Promise<string> =>
      cluster.kubectl([verb, 'secret', 'meshwright-late', '-n', 'early', '--ignore-not-found']);
    await cluster.namespace('early');
    await cluster.kubectl(['apply', '-f', '-'], deployment('early', { pod: { serviceAccountName: 'late' } }));
    await untilState('early', 'CertificateNotReady');
    expect(await certificate('get')).toBe('');
    running.xdsReady = false;
    await writeCertificate(cluster.platform, 'early', 'late');
    running.reconciler.recheck();
    await untilState('early', 'ControlPlaneNotReady');
    expect((await get('early')).metadata.generation).toBe(1);

    running.xdsReady = true;
    running.reconciler.recheck();

    await untilInits('early', ours);
    const sds = await cluster.kubectl([
      'get',
      'configmap',
      'meshwright-trust',
      '-n',
      'early',
      '-o',
      'jsonpath={.data}',
    ]);
    expect(Object.keys(JSON.parse(sds) as object).toSorted()).toEqual(['leaf.json', 'roots.json']);
  });

  test('workloads that serve are rolled three at a time in order, and none while one is not healthy', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const status = (name: string, failure?: string): Promise<void> =>
      writeDeploymentStatus(cluster, { namespace: 'queue', name }, failure);
    const injectedNames = async (): Promise<string> => {
      const all = await Promise.all(names.map((name) => cluster.get('deployments', 'queue', name)));
      return names.filter((_, index) => all[index]?.metadata.labels?.[injected] !== undefined).join('');
    };
    const until = (wanted: string): Promise<true> =>
      cluster.until(async () => ((await injectedNames()) === wanted ? true : undefined));
    await cluster.namespace('queue', {});
    await cluster.kubectl(['apply', '-f', '-'], ...names.map((name) => deployment('queue', { name })));
    await Promise.all(names.map((name) => status(name)));

    await cluster.kubectl(['label', 'namespace', 'queue', 'meshwright.dev/mesh=enabled']);

    await until('abc');
    await status('a');
    await until('abcd');
    await status('b', 'The pods crash.');
    expect(await untilEvent('queue', 'RolloutFailed')).toMatch(/The pods crash/);
    await Promise.all(['c', 'd'].map((name) => status(name)));
    await untilState('queue', 'Queued', /until Deployment\/queue\/b is healthy/);
    // It has seen that the others are: the turn would be that of the last one.
    await untilTold('queue', ['b', 'e']);
    expect(await injectedNames()).toBe('abcd');
    await status('b');
    await until('abcde');
    await status('e');
    await untilNone('queue');
  });

  test('a newer operator with other images rolls nobody; a changed Mesh does', async () => {
    await running.stop();
    const before = await get('twice');
    running = cluster.start(newerImages);
    await untilLookedAt('twice');
    expect((await get('twice')).metadata.resourceVersion).toBe(before.metadata.resourceVersion);

    await cluster.kubectl([
      'patch',
      'mesh',
      'default',
      '--type=merge',
      '-p',
      '{"spec":{"sidecar":{"drain":"7s"}}}',
    ]);

    await untilProxyImage('twice', 'envoy:newer');
  });

  test('an operator that ended between two writes is followed by one that sends the second', async () => {
    await running.stop();
    const { spec } = await get('twice');
    const { initContainers = [], volumes = [] } = spec.template.spec;
    const part = initContainers.map((container) =>
      ours.includes(container.name) ? container : { name: container.name },
    );
    await cluster.call({
      method: 'PATCH',
      path: '/apis/apps/v1/namespaces/twice/deployments/web',
      query: { fieldManager: 'meshwright', force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace: 'twice', labels: { [injected]: 'true' } },
        spec: {
          template: {
            metadata: { annotations: spec.template.metadata?.annotations },
            spec: { initContainers: part, volumes },
          },
        },
      },
    });
    const between = await get('twice');
    expect(ownsOnlyOurs(between)).toBe(false);

    // Of another version: that must not roll it either.
    running = cluster.start();

    const after = await untilInits('twice', [...ours, 'u1']);
    expect(after.metadata.generation).toBe(between.metadata.generation);
  });

  test('without a Mesh nothing of ours is left, and it comes back with the next', async () => {
    const mesh = {
      apiVersion: 'meshwright.dev/v1alpha1',
      kind: 'Mesh',
      metadata: { name: 'default' },
      spec: {},
    };
    await cluster.kubectl(['delete', 'mesh', 'default']);
    await untilInits('twice', ['u1']);

    await cluster.kubectl(['apply', '-f', '-'], mesh);

    const after = await untilInits('twice', [...ours, 'u1']);
    expect(after.metadata.labels).toMatchObject({ [injected]: 'true' });
  });

  test('uninstall takes it out of every workload, with operator and definitions gone', async () => {
    await running.stop();
    await cluster.kubectl(['delete', 'crd', 'meshes.meshwright.dev']);

    const program = fileURLToPath(new URL('../../operator/uninstall.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [
      program,
      '--kubeconfig',
      cluster.server.kubeconfigPath,
    ]);

    expect(stdout).toMatch(/Deployment twice\/web: removed\n(.*\n)*\d+ removed, \d+ kept, 0 failed/);
    const left = await cluster.kubectl([
      'get',
      'deployments,statefulsets,daemonsets,cronjobs',
      '-A',
      '-l',
      injected,
      '-o',
      'name',
    ]);
    expect(left).toBe('');
    expect(initNames((await get('twice')).spec.template)).toEqual(['u1']);
  });
});

function withImage(original: SeenWorkload['spec']['template'], image: string): object {
  const { initContainers = [] } = original.spec;
  return {
    ...original,
    spec: {
      ...original.spec,
      initContainers: initContainers.map((container) =>
        container.name === 'mw-proxy' ? Object.assign({}, container, { image }) : container,
      ),
    },
  };
}

/** Server-side apply has left us no share in what is the user's. */
function ownsOnlyOurs({ metadata: { managedFields = [] } }: SeenWorkload): boolean {
  const mine = managedFields.filter(
    ({ manager, operation }) => manager === 'meshwright' && operation === 'Apply',
  );
  return !JSON.stringify(mine).includes('k:{\\"name\\":\\"u');
}
