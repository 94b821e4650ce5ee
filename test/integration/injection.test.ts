// Sidecars by reconcile, on a real API server: what happens to pod templates, whoever else writes them.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { apiServerAvailable } from '../support/kubernetes.ts';
import { initNames, type Injection, type RunningReconciler, type SeenWorkload, startInjection } from '../support/injection.ts';

const available = await apiServerAvailable();
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);
const suite = available.available ? describe : describe.skip;

const ours = ['mw-init', 'mw-proxy'];
const injected = 'meshwright.dev/injected';

interface TemplateParts {
  readonly initContainers?: readonly string[];
  readonly pod?: object;
  readonly labels?: object;
  readonly spec?: object;
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

function workload(kind: string, namespace: string, parts: TemplateParts = {}): object {
  const metadata = { name: 'web', namespace };
  const own = kind === 'StatefulSet' ? { serviceName: 'web' } : {};
  if (kind === 'CronJob') {
    const pod = { restartPolicy: 'Never', ...parts.pod };
    const jobTemplate = { spec: { template: template({ ...parts, pod }) } };
    return { apiVersion: 'batch/v1', kind, metadata, spec: { schedule: '0 0 1 1 *', jobTemplate } };
  }
  const selector = { matchLabels: { app: 'web' } };
  return { apiVersion: 'apps/v1', kind, metadata, spec: { ...own, ...parts.spec, selector, template: template(parts) } };
}

function deployment(namespace: string, parts: TemplateParts = {}): object {
  return workload('Deployment', namespace, parts);
}

suite('injection', () => {
  let cluster: Injection;
  let running: RunningReconciler;

  const get = (namespace: string, kind = 'deployments'): Promise<SeenWorkload> => cluster.get(kind, namespace, 'web');
  /** Waits until the init containers are these, in this order. */
  const untilInits = (namespace: string, names: readonly string[], kind = 'deployments'): Promise<SeenWorkload> =>
    cluster.until(async () => {
      const seen = await get(namespace, kind);
      const { template: found = undefined } = seen.spec.jobTemplate?.spec ?? seen.spec;
      const isDone = found !== undefined && initNames(found).join() === names.join() && ownsOnlyOurs(seen);
      return isDone ? seen : undefined;
    });

  beforeAll(async () => {
    cluster = await startInjection();
    await cluster.kubectl(['apply', '-f', '-'], { apiVersion: 'meshwright.dev/v1alpha1', kind: 'Mesh', metadata: { name: 'default' }, spec: {} });
    running = cluster.start();
  }, 90_000);

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
    await cluster.until(() =>
      Promise.resolve(second.reconciler.report().injected === running.reconciler.report().injected ? true : undefined),
    );
    await second.stop();

    const after = await get('twice');
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect(second.reconciler.report()).toMatchObject({ injected: 0 });
  });
});

/** Server-side apply has left us no share in what is the user's. */
function ownsOnlyOurs({ metadata: { managedFields = [] } }: SeenWorkload): boolean {
  const mine = managedFields.filter(({ manager, operation }) => manager === 'meshwright' && operation === 'Apply');
  return !JSON.stringify(mine).includes('k:{\\"name\\":\\"u');
}
