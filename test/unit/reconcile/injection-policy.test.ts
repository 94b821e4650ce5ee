// The leader keeps the policy by which the API server adds sidecars, where there is a binding for it.
import { expect, test } from '@jest/globals';
import type { Delivery } from '../../../operator/certificates/delivery.ts';
import type { MeshSettingsIr } from '../../../operator/ir/mesh-ir.ts';
import type { PolicySupport, StoredPolicy } from '../../../operator/ports/injection-policy-port.ts';
import { createInjectionPolicy, type InjectionPolicy } from '../../../operator/reconcile/injection-policy.ts';
import type { Environment } from '../../../operator/reconcile/workload/environment.ts';
import { resourcesFromYaml } from '../../support/builders.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { sampleMesh } from '../../support/mesh-samples.ts';
import { rememberingLog } from '../../support/remembering-log.ts';
import { liveDeployment } from './live.ts';

const environment: Environment = {
  defaultImages: { sidecar: 'envoy:1', init: 'meshwright:1' },
  xds: { address: 'meshwright.example', port: 15_012 },
  operatorSpiffeId: (trustDomain) => `spiffe://${trustDomain}/operator`,
  ownNamespace: 'meshwright-system',
};
const meshed = (...names: readonly string[]): string =>
  names
    .map((name) => `{kind: Namespace, metadata: {name: ${name}, labels: {meshwright.dev/mesh: enabled}}}`)
    .join('\n---\n');
const resources = resourcesFromYaml(
  `${meshed('shop', 'kube-system')}\n---\n{kind: Namespace, metadata: {name: other}}`,
);
const secrets: Delivery = { inUse: 'Secret', isPossible: true, why: null };
const keysOnNodes: Delivery = { inUse: 'PodCertificate', isPossible: true, why: null };
const mesh: MeshSettingsIr = sampleMesh({}).settings;

const known = (
  of: MeshSettingsIr | null,
  delivery: Delivery | null,
  isServing = true,
): Parameters<InjectionPolicy['setInput']>[1] => ({ mesh: of, delivery, isServing });

class ApiServer {
  support: PolicySupport = 'Bound';
  refusal = '';
  isBroken = false;
  stored: StoredPolicy | undefined;
  /** In order: `shop` for what its pods mount, `apply`, `remove`. */
  readonly writes: string[] = [];
  readonly images: string[] = [];
  /** Templates that our part was tried in. */
  readonly tried: string[] = [];
  /** Namespaces that take nothing more: of a quota, or since they end. */
  readonly full = new Set<string>();
  /** A text that the API server does not know. */
  unknown = 'nothing';

  readonly port = {
    support: (): Promise<PolicySupport> =>
      this.isBroken ? Promise.reject(new Error('not today')) : Promise.resolve(this.support),
    read: () => Promise.resolve(this.stored),
    apply: (policy: object) => {
      this.writes.push('apply');
      this.images.push(...(JSON.stringify(policy).match(/envoy:\w+/g) ?? []));
      if (this.refusal !== '') return Promise.resolve({ type: 'refused', message: this.refusal } as const);
      const { metadata, spec } = policy as {
        readonly metadata: { readonly annotations: Record<string, string> };
        readonly spec: { readonly matchConstraints: Pick<StoredPolicy, 'namespaceSelector'> };
      };
      this.stored = {
        uid: 'p',
        generation: (this.stored?.generation ?? 0) + 1,
        injected: metadata.annotations['meshwright.dev/injected'] ?? '',
        namespaceSelector: spec.matchConstraints.namespaceSelector,
      };
      return Promise.resolve({ type: 'applied', stored: this.stored } as const);
    },
    remove: () => {
      this.writes.push('remove');
      const wasThere = this.stored !== undefined;
      this.stored = undefined;
      return Promise.resolve(wasThere);
    },
  };
}

interface Bench {
  readonly api: ApiServer;
  readonly clock: FakeClock;
  readonly policy: InjectionPolicy;
  readonly changes: () => number;
}

function start(): Bench {
  const api = new ApiServer();
  const clock = new FakeClock();
  let changes = 0;
  const policy = createInjectionPolicy({
    port: api.port,
    workloads: {
      keepConfigMap: (namespace) => {
        if (api.full.has(namespace)) return Promise.reject(new Error('exceeded quota'));
        api.writes.push(namespace);
        return Promise.resolve();
      },
      apply: ({ name }, body, { dryRun }) => {
        api.tried.push(`${name} ${dryRun}`);
        const isKnown = !JSON.stringify(body).includes(api.unknown);
        return Promise.resolve(
          isKnown
            ? { type: 'written', workload: liveDeployment() }
            : { type: 'refused', message: 'field not declared in schema' },
        );
      },
    },
    environment,
    clock,
    log: rememberingLog().log,
    onChange: () => (changes += 1),
  });
  return { api, clock, policy, changes: () => changes };
}

function wayOf(stored: StoredPolicy | undefined): object {
  const revision = stored?.injected.split('.')[0];
  return { type: 'Policy', revision, namespaces: stored?.namespaceSelector };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function pass(clock: FakeClock, ms: number): Promise<void> {
  clock.advance(ms);
  await settled();
}

test('what pods mount is there before the policy; nothing is written before it leads, and nothing after', async () => {
  const { api, clock, policy, changes } = start();
  policy.setInput(resources, known(mesh, secrets));
  await settled();
  expect(api.writes).toEqual([]);

  policy.onStartedLeading();
  await settled();
  expect(api.writes).toEqual(['shop', 'apply']);
  expect(policy.way()).toBeNull();
  await pass(clock, 3000);
  expect(policy.report()).toEqual({ support: 'Bound', way: 'Policy', refusal: '', doubt: '' });
  expect(policy.way()).toEqual(wayOf(api.stored));
  expect(changes()).toBe(2);

  await policy.onStoppedLeading();
  policy.setInput(resources, known(null, secrets));
  await settled();
  expect(api.writes).toEqual(['shop', 'apply']);
  expect(policy.way()).toBeNull();
});

test('it is written again when the Mesh asks for something else, or when somebody has changed it or taken it away', async () => {
  const { api, clock, policy } = start();
  policy.setInput(resources, known(mesh, secrets));
  policy.onStartedLeading();
  await settled();

  policy.setInput(resources, known({ ...mesh, sidecar: { ...mesh.sidecar, image: 'envoy:next' } }, secrets));
  await settled();
  await pass(clock, 60_000);
  expect(api.writes).toEqual(['shop', 'apply', 'apply']);
  expect([...new Set(api.images)]).toEqual(['envoy:1', 'envoy:next']);

  if (api.stored !== undefined) api.stored = { ...api.stored, generation: 7 };
  await pass(clock, 60_000);
  expect(api.writes).toHaveLength(4);
  api.stored = undefined;
  await pass(clock, 60_000);
  expect(api.writes).toHaveLength(5);
});

test('a batch in which nothing of it changed writes nothing; a new namespace gets what its pods mount', async () => {
  const { api, policy } = start();
  policy.setInput(resources, known(mesh, secrets));
  policy.onStartedLeading();
  await settled();

  policy.setInput({ ...resources, pods: [] }, known(mesh, secrets));
  await settled();
  expect(api.writes).toEqual(['shop', 'apply']);

  policy.setInput(
    { ...resources, namespaces: resourcesFromYaml(meshed('shop', 'new')).namespaces },
    known(mesh, secrets),
  );
  await settled();
  expect(api.writes).toEqual(['shop', 'apply', 'new']);
});

test('without a Mesh there is no policy; while nobody knows how pods get certificates it stays', async () => {
  const { api, clock, policy } = start();
  policy.setInput(resources, known(mesh, secrets));
  policy.onStartedLeading();
  await settled();

  policy.setInput(resources, known({ ...mesh, name: 'other' }, null));
  policy.setInput(resources, known({ ...mesh, name: 'other' }, { ...keysOnNodes, isPossible: false }));
  await settled();
  expect(api.writes).toEqual(['shop', 'apply']);

  policy.setInput(resources, known(null, secrets));
  await settled();
  expect(api.writes.at(-1)).toBe('remove');
  // Pods that are made now may get a sidecar still.
  expect(policy.way()).toBeNull();
  await pass(clock, 3000);
  expect(policy.report()).toEqual({ support: 'Bound', way: 'Template', refusal: '', doubt: '' });
});

test('where keys are made on nodes, pods mount nothing of their namespace', async () => {
  const { api, policy } = start();
  policy.setInput(resources, known(mesh, keysOnNodes));
  policy.onStartedLeading();
  await settled();

  expect(api.writes).toEqual(['apply']);
});

test('a namespace that takes nothing more does not keep the policy from others, and gets what its pods mount once it does', async () => {
  const { api, clock, policy } = start();
  api.full.add('full');
  const { namespaces } = resourcesFromYaml(meshed('full', 'shop'));
  policy.setInput({ ...resources, namespaces }, known(mesh, secrets));
  policy.onStartedLeading();
  await settled();
  expect(api.writes).toEqual(['shop', 'apply']);

  api.full.clear();
  await pass(clock, 3000);
  expect(policy.report().way).toBe('Policy');
  expect(api.writes).toEqual(['shop', 'apply', 'full']);
});

test('a namespace that is deleted and made anew gets what its pods mount again', async () => {
  const { api, policy } = start();
  const made = (uid: string): typeof resources =>
    resourcesFromYaml(
      `{kind: Namespace, metadata: {name: shop, uid: ${uid}, labels: {meshwright.dev/mesh: enabled}}}`,
    );
  policy.setInput(made('first'), known(mesh, secrets));
  policy.onStartedLeading();
  await settled();
  policy.setInput(made('second'), known(mesh, secrets));
  await settled();

  expect(api.writes).toEqual(['shop', 'apply', 'shop']);
});

test('what pods mount is made again if somebody deleted it', async () => {
  const { api, clock, policy } = start();
  policy.setInput(resources, known(mesh, secrets));
  policy.onStartedLeading();
  await settled();
  for (let minute = 0; minute < 9; minute += 1) await pass(clock, 60_000);
  expect(api.writes).toEqual(['shop', 'apply']);

  await pass(clock, 60_000);
  expect(api.writes).toEqual(['shop', 'apply', 'shop']);
});

test('where no namespace takes what pods mount, no pod is made to wait for it', async () => {
  const { api, policy } = start();
  api.full.add('shop');
  policy.setInput(resources, known(mesh, secrets));
  policy.onStartedLeading();
  await settled();

  expect(api.writes).toEqual([]);
  expect(policy.way()).toBeNull();
});

test.each(['NotServed', 'NotBound'] as const)(
  '%s: nothing is written, until that changes',
  async (support) => {
    const { api, clock, policy } = start();
    api.support = support;
    policy.setInput(resources, known(mesh, secrets));
    policy.onStartedLeading();
    await settled();
    expect(api.writes).toEqual([]);
    expect(policy.report()).toEqual({ support, way: 'Template', refusal: '', doubt: '' });

    api.support = 'Bound';
    await pass(clock, 60_000);
    // Until all API servers have noticed, templates stay the way.
    expect(policy.report().way).toBe('Template');
    await pass(clock, 3000);
    expect(policy.report().way).toBe('Policy');
  },
);

test('what the API server says against it is told; an API server that does not answer is asked again soon', async () => {
  const { api, clock, policy } = start();
  api.isBroken = true;
  policy.setInput(resources, known(mesh, secrets));
  policy.onStartedLeading();
  await settled();
  expect(policy.report().support).toBeNull();

  api.isBroken = false;
  api.refusal = 'unknown field';
  await pass(clock, 5000);
  expect(policy.report()).toEqual({ support: 'Bound', way: 'Template', refusal: 'unknown field', doubt: '' });
});

test('what the API server rejects leaves the last version in force, and pods are to have its revision', async () => {
  const { api, clock, policy } = start();
  policy.setInput(resources, known(mesh, secrets));
  policy.onStartedLeading();
  await settled();
  await pass(clock, 3000);
  const before = policy.way();

  api.refusal = 'unknown field';
  policy.setInput(resources, known({ ...mesh, sidecar: { ...mesh.sidecar, image: 'envoy:next' } }, secrets));
  await settled();
  expect(policy.way()).toEqual(before);
  expect(policy.report()).toEqual({ support: 'Bound', way: 'Policy', refusal: 'unknown field', doubt: '' });

  api.refusal = '';
  await pass(clock, 60_000);
  expect(policy.way()).toEqual(before);
  await pass(clock, 3000);
  expect(policy.way()).toEqual(wayOf(api.stored));
  expect(policy.way()).not.toEqual(before);
});

test('other namespaces of the Mesh count when API servers have noticed the policy of them, and not at all while it is rejected', async () => {
  const { api, clock, policy } = start();
  policy.setInput(resources, known(mesh, secrets));
  policy.onStartedLeading();
  await settled();
  await pass(clock, 3000);
  const before = policy.way();
  const moved = { ...mesh, sidecar: { ...mesh.sidecar, namespaceLabels: { team: 'shop' } } };

  api.refusal = 'not today';
  policy.setInput(resources, known(moved, secrets));
  await settled();
  await pass(clock, 60_000);
  expect(policy.way()).toEqual(before);

  api.refusal = '';
  await pass(clock, 60_000);
  expect(policy.way()).toEqual(before);
  await pass(clock, 3000);
  expect(policy.way()).toMatchObject({ ...before, namespaces: { matchLabels: { team: 'shop' } } });
});

test('an API server that does not run policies is believed when it has said so three times; then templates are the way', async () => {
  const { api, clock, policy } = start();
  policy.setInput(resources, known(mesh, secrets));
  policy.onStartedLeading();
  await settled();
  await pass(clock, 3000);

  api.support = 'NotRun';
  await pass(clock, 60_000);
  await pass(clock, 2000);
  expect(policy.report().way).toBe('Policy');
  await pass(clock, 2000);
  expect(policy.report()).toEqual({ support: 'NotRun', way: 'Template', refusal: '', doubt: '' });

  api.support = 'Bound';
  await pass(clock, 60_000);
  await pass(clock, 3000);
  // Another API server behind the same address may still not run them.
  for (let look = 0; look < 8; look += 1) await pass(clock, 2000);
  expect(policy.report().way).toBe('Template');
  api.support = 'NotRun';
  await pass(clock, 2000);
  api.support = 'Bound';
  for (let look = 0; look < 10; look += 1) await pass(clock, 2000);
  expect(policy.report().way).toBe('Template');
  await pass(clock, 2000);
  expect(policy.report().way).toBe('Policy');
});

test('who cannot look goes on as before, and says so when it has lasted', async () => {
  const { api, clock, policy } = start();
  policy.setInput(resources, known(mesh, secrets));
  policy.onStartedLeading();
  await settled();
  await pass(clock, 3000);
  const before = policy.way();

  api.isBroken = true;
  await pass(clock, 60_000);
  await pass(clock, 2000);
  expect(policy.report()).toMatchObject({ support: 'Bound', doubt: '' });
  for (let minute = 0; minute < 60; minute += 1) await pass(clock, 60_000);
  expect(policy.report()).toEqual({ support: 'NotRun', way: 'Policy', refusal: '', doubt: 'not today' });
  expect(policy.way()).toEqual(before);

  api.isBroken = false;
  await pass(clock, 5000);
  expect(policy.report()).toEqual({ support: 'Bound', way: 'Policy', refusal: '', doubt: '' });
});

test('a new leader that finds no policy waits, too: the last one may have removed it just now', async () => {
  const { clock, policy } = start();
  policy.setInput(resources, known(null, secrets));
  policy.onStartedLeading();
  await settled();
  expect(policy.way()).toBeNull();

  await pass(clock, 3000);
  expect(policy.way()).toEqual({ type: 'Template' });
});

test('a mesh that is made anew is not given templates while its policy is tried', async () => {
  const { clock, policy } = start();
  policy.setInput(resources, known(null, secrets));
  policy.onStartedLeading();
  await settled();
  await pass(clock, 3000);
  expect(policy.way()).toEqual({ type: 'Template' });

  policy.setInput(resources, known(mesh, secrets));
  await settled();
  expect(policy.way()).toBeNull();
  await pass(clock, 3000);
  expect(policy.report().way).toBe('Policy');
});

test('a binding that comes back counts when API servers have noticed', async () => {
  const { api, clock, policy } = start();
  policy.setInput(resources, known(mesh, secrets));
  policy.onStartedLeading();
  await settled();
  await pass(clock, 3000);
  api.support = 'NotBound';
  await pass(clock, 60_000);

  api.support = 'Bound';
  await pass(clock, 60_000);
  expect(policy.report().way).toBe('Template');
  await pass(clock, 3000);
  expect(policy.report().way).toBe('Policy');
});

test('before the operator serves, nobody knows the way; a policy that is there already is one', async () => {
  const { api, clock, policy } = start();
  policy.setInput(resources, known(mesh, secrets, false));
  policy.onStartedLeading();
  await settled();
  expect([policy.way(), api.writes]).toEqual([null, []]);

  await policy.onStoppedLeading();
  api.stored = { uid: 'p', generation: 1, injected: 'r1.0', namespaceSelector: { matchLabels: { a: 'b' } } };
  policy.onStartedLeading();
  await settled();
  await pass(clock, 3000);
  expect([policy.way(), api.writes]).toEqual([wayOf(api.stored), []]);
});

test('a part with a field that the API server does not know is found in a template, and no pod sees it', async () => {
  const { api, policy } = start();
  const own = `
kind: Deployment
metadata: {name: meshwright-operator, namespace: meshwright-system}
spec: {selector: {matchLabels: {app: operator}}, template: {metadata: {labels: {app: operator}}, spec: {}}}`;
  const { deployments } = resourcesFromYaml(own);
  api.unknown = 'restartPolicy';
  policy.setInput({ ...resources, deployments }, known(mesh, secrets));
  policy.onStartedLeading();
  await settled();

  expect(api.tried).toEqual(['meshwright-operator true']);
  expect(api.writes).toEqual(['shop']);
  expect(policy.report().refusal).toBe('field not declared in schema');
});
