// The leader keeps the policy by which the API server adds sidecars, where there is a binding for it.
import { expect, test } from '@jest/globals';
import type { MeshSettingsIr } from '../../../operator/ir/mesh-ir.ts';
import type { PolicySupport } from '../../../operator/ports/injection-policy-port.ts';
import { createInjectionPolicy, type InjectionPolicy } from '../../../operator/reconcile/injection-policy.ts';
import type { Environment } from '../../../operator/reconcile/workload/desired.ts';
import { resourcesFromYaml } from '../../support/builders.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { sampleMesh } from '../../support/mesh-samples.ts';
import { rememberingLog } from '../../support/remembering-log.ts';

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
const mesh: MeshSettingsIr = sampleMesh({}).settings;

class ApiServer {
  support: PolicySupport = 'Bound';
  refusal = '';
  isBroken = false;
  /** In order: `shop` for what its pods mount, `apply`, `remove`. */
  readonly writes: string[] = [];
  readonly images: string[] = [];

  readonly port = {
    support: (): Promise<PolicySupport> =>
      this.isBroken ? Promise.reject(new Error('not today')) : Promise.resolve(this.support),
    apply: (policy: object) => {
      this.writes.push('apply');
      this.images.push(...(JSON.stringify(policy).match(/envoy:\w+/g) ?? []));
      return Promise.resolve(
        this.refusal === ''
          ? ({ type: 'applied' } as const)
          : ({ type: 'refused', message: this.refusal } as const),
      );
    },
    remove: () => {
      this.writes.push('remove');
      return Promise.resolve();
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
        api.writes.push(namespace);
        return Promise.resolve();
      },
    },
    environment,
    clock,
    log: rememberingLog().log,
    onChange: () => (changes += 1),
  });
  return { api, clock, policy, changes: () => changes };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function pass(clock: FakeClock, ms: number): Promise<void> {
  clock.advance(ms);
  await settled();
}

test('what pods mount is there before the policy; nothing is written before it leads, and nothing after', async () => {
  const { api, policy, changes } = start();
  policy.setInput(resources, mesh, false);
  await settled();
  expect(api.writes).toEqual([]);

  policy.onStartedLeading();
  await settled();
  expect(api.writes).toEqual(['shop', 'apply']);
  expect(policy.report()).toEqual({ support: 'Bound', isInForce: true, refusal: '' });
  expect(changes()).toBe(1);

  await policy.onStoppedLeading();
  policy.setInput(resources, null, false);
  await settled();
  expect(api.writes).toEqual(['shop', 'apply']);
  expect(policy.report().isInForce).toBe(false);
});

test('it is written again when the Mesh asks for something else, and looked after now and then', async () => {
  const { api, clock, policy } = start();
  policy.setInput(resources, mesh, false);
  policy.onStartedLeading();
  await settled();

  policy.setInput(resources, { ...mesh, sidecar: { ...mesh.sidecar, image: 'envoy:next' } }, false);
  await settled();
  await pass(clock, 60_000);

  expect(api.writes).toEqual(['shop', 'apply', 'apply', 'apply']);
  expect([...new Set(api.images)]).toEqual(['envoy:1', 'envoy:next']);
});

test('a batch in which nothing of it changed writes nothing; a new namespace gets what its pods mount', async () => {
  const { api, policy } = start();
  policy.setInput(resources, mesh, false);
  policy.onStartedLeading();
  await settled();

  policy.setInput({ ...resources, pods: [] }, mesh, false);
  await settled();
  expect(api.writes).toEqual(['shop', 'apply']);

  policy.setInput(
    { ...resources, namespaces: resourcesFromYaml(meshed('shop', 'new')).namespaces },
    mesh,
    false,
  );
  await settled();
  expect(api.writes).toEqual(['shop', 'apply', 'new', 'apply']);
});

test('without a Mesh there is no policy; while the Mesh is not valid it stays', async () => {
  const { api, policy } = start();
  policy.setInput(resources, mesh, false);
  policy.onStartedLeading();
  await settled();

  policy.setInput(resources, null, true);
  await settled();
  expect(api.writes).not.toContain('remove');

  policy.setInput(resources, null, false);
  await settled();
  expect(api.writes.at(-1)).toBe('remove');
  expect(policy.report()).toEqual({ support: 'Bound', isInForce: false, refusal: '' });
});

test.each(['NotServed', 'NotBound'] as const)(
  '%s: nothing is written, until that changes',
  async (support) => {
    const { api, clock, policy } = start();
    api.support = support;
    policy.setInput(resources, mesh, false);
    policy.onStartedLeading();
    await settled();
    expect(api.writes).toEqual([]);
    expect(policy.report()).toEqual({ support, isInForce: false, refusal: '' });

    api.support = 'Bound';
    await pass(clock, 60_000);
    expect(policy.report().isInForce).toBe(true);
  },
);

test('what the API server says against it is told; an API server that does not answer is asked again soon', async () => {
  const { api, clock, policy } = start();
  api.isBroken = true;
  policy.setInput(resources, mesh, false);
  policy.onStartedLeading();
  await settled();
  expect(policy.report().support).toBeNull();

  api.isBroken = false;
  api.refusal = 'unknown field';
  await pass(clock, 5000);
  expect(policy.report()).toEqual({ support: 'Bound', isInForce: false, refusal: 'unknown field' });
});
