// Desired against actual → what is done.
import { describe, expect, test } from '@jest/globals';
import { filesOnly } from '../../../operator/certificates/delivery.ts';
import { injectedKey } from '../../../operator/values/own-names.ts';
import type { LiveWorkload } from '../../../operator/ports/workload-port.ts';
import { describeActual } from '../../../operator/reconcile/workload/actual.ts';
import { type Action, decide, type Roll } from '../../../operator/reconcile/workload/decide.ts';
import { desiredOf, type World } from '../../../operator/reconcile/workload/desired.ts';
import type { PodFacts } from '../../../operator/reconcile/pods.ts';
import { sampleMesh, sampleSidecar } from '../../support/mesh-samples.ts';
import { injectedDeployment, liveDeployment, liveTemplate, manager } from './live.ts';

const { settings: mesh } = sampleMesh({});
const world: World = {
  mesh,
  namespaceLabels: { 'meshwright.dev/mesh': 'enabled' },
  kubernetesVersion: { major: 1, minor: 34 },
  delivery: filesOnly,
  way: { type: 'Template' },
  environment: {
    defaultImages: { sidecar: 'envoy:1', init: 'meshwright:1' },
    xds: { address: 'meshwright.meshwright-system.svc', port: 15_012 },
    operatorSpiffeId: (trustDomain) => `spiffe://${trustDomain}/ns/meshwright-system/sa/meshwright-operator`,
    ownNamespace: 'meshwright-system',
  },
};
const newer: World = {
  ...world,
  environment: { ...world.environment, defaultImages: { sidecar: 'envoy:2', init: 'meshwright:2' } },
};

function actionOn(
  live: LiveWorkload,
  of: World = world,
  wasInjected = false,
  pods: readonly PodFacts[] = [],
): Action {
  const actual = describeActual(live);
  return decide(desiredOf(live, actual, of), actual, { wasInjected, pods });
}

const first = actionOn(liveDeployment());
if (first.type !== 'write') throw new Error('the first action is a write');
const { part } = first;
const injected = injectedDeployment(part);
const withInits = (names: readonly string[]): LiveWorkload =>
  injectedDeployment(part, { template: liveTemplate(names, { annotations: part.annotations }) });

describe('what is done', () => {
  const cases: readonly (readonly [string, Action, object])[] = [
    [
      'a workload of a selected namespace is injected',
      first,
      { type: 'write', why: 'inject', needsOrder: true },
    ],
    [
      'one without init containers needs one request',
      actionOn(liveDeployment({ template: liveTemplate([]) })),
      { type: 'write', why: 'inject', needsOrder: false },
    ],
    ['one that is right is verified', actionOn(injected), { type: 'verify' }],
    [
      'one rendered by another version of the operator is left alone',
      actionOn(injected, newer),
      { type: 'none' },
    ],
    [
      'one whose Mesh has changed is updated in place',
      actionOn(injected, { ...world, mesh: { ...mesh, sidecar: { ...sampleSidecar, drainSeconds: 9 } } }),
      { type: 'write', why: 'update', needsOrder: false },
    ],
    [
      'one that somebody put a container before ours is restored in order',
      actionOn(withInits(['u0', 'mw-init', 'mw-proxy', 'u1'])),
      { type: 'write', why: 'restore', needsOrder: true },
    ],
    [
      'one that lost the annotation is restored',
      actionOn(injectedDeployment(part, { template: liveTemplate(['mw-init', 'mw-proxy', 'u1']) })),
      { type: 'write', why: 'restore', needsOrder: false },
    ],
    [
      'one that lost everything but was seen with it is restored',
      actionOn(liveDeployment(), world, true),
      { type: 'write', why: 'restore', needsOrder: true },
    ],
    [
      'one of which we own a name of the user’s is tidied up',
      actionOn(
        injectedDeployment(part, { managers: [manager('meshwright', ['mw-init', 'mw-proxy', 'u1'])] }),
      ),
      { type: 'write', why: 'tidy', needsOrder: false },
    ],
    [
      'one that lost our label is tidied up',
      actionOn(injectedDeployment(part, { labels: {} })),
      { type: 'write', why: 'tidy' },
    ],
    [
      'one of another namespace is left alone',
      actionOn(liveDeployment(), { ...world, namespaceLabels: {} }),
      { type: 'none' },
    ],
    [
      'one whose namespace is no longer selected loses it',
      actionOn(injected, { ...world, namespaceLabels: {} }),
      { type: 'remove' },
    ],
    ['one without a Mesh loses it', actionOn(injected, { ...world, mesh: null }), { type: 'remove' }],
    [
      'one that opts out loses it',
      actionOn(
        injectedDeployment(part, {
          template: liveTemplate(['mw-init', 'mw-proxy'], {
            annotations: part.annotations,
            labels: { 'meshwright.dev/inject': 'false' },
          }),
        }),
      ),
      { type: 'remove' },
    ],
    [
      'one that was given the network of its node loses it',
      actionOn(
        injectedDeployment(part, {
          template: liveTemplate(['mw-init', 'mw-proxy'], {
            annotations: part.annotations,
            spec: { hostNetwork: true, ...liveTemplate(['mw-init', 'mw-proxy']).spec },
          }),
        }),
      ),
      { type: 'refuse', mustRemove: true, refusals: [{ reason: 'HostNetwork' }] },
    ],
    ...[{ os: { name: 'windows' } }, { nodeSelector: { 'kubernetes.io/os': 'windows' } }].map(
      (spec): readonly [string, Action, object] => [
        `one for ${JSON.stringify(spec)} is left alone`,
        actionOn(
          liveDeployment({ template: liveTemplate([], { spec: { ...spec, ...liveTemplate([]).spec } }) }),
        ),
        { type: 'refuse', mustRemove: false, refusals: [{ reason: 'NotLinux' }] },
      ],
    ),
    [
      'one with a container of its own that has our name is left alone',
      actionOn(liveDeployment({ template: liveTemplate(['mw-proxy']) })),
      { type: 'refuse', mustRemove: false, refusals: [{ reason: 'NameTaken' }] },
    ],
    [
      'one with an annotation that cannot be read is left alone',
      actionOn(
        liveDeployment({
          template: liveTemplate([], { annotations: { 'meshwright.dev/exclude-inbound-ports': 'http' } }),
        }),
      ),
      { type: 'refuse', refusals: [{ reason: 'InvalidAnnotation' }] },
    ],
    ...['meshwright-system', 'kube-system', 'kube-public', 'kube-node-lease'].map(
      (namespace): readonly [string, Action, object] => [
        `one of ${namespace} is left alone, whatever its labels are`,
        actionOn(liveDeployment({ ref: { kind: 'Deployment', namespace, name: 'web' } })),
        { type: 'none' },
      ],
    ),
  ];

  test.each(cases)('%s', (_name, action, wanted) => {
    expect(action).toMatchObject(wanted);
  });
});

describe('what is actual', () => {
  test('a part that came back in somebody else’s name is ours by its annotation', () => {
    const undone = injectedDeployment(part, {
      labels: {},
      managers: [manager('kubectl-rollout', ['mw-init', 'mw-proxy', 'u1'], { operation: 'Update' })],
    });

    expect(describeActual(undone)).toMatchObject({
      hasAny: true,
      foreignNames: [],
      ownsForeign: false,
      isLastWriter: false,
      otherManagers: ['kubectl-rollout'],
    });
  });

  test('the user’s template is the same with our part and without, and another with another image', () => {
    const { userTemplate } = describeActual(liveDeployment());
    const changed = liveTemplate(['u1'], { labels: { app: 'web', version: '2' } });

    expect(describeActual(injected).userTemplate).toBe(userTemplate);
    expect(describeActual(liveDeployment({ template: changed })).userTemplate).not.toBe(userTemplate);
  });

  test('an annotation that is not of our making counts as none', () => {
    const template = liveTemplate(['mw-init', 'mw-proxy'], { annotations: { [injectedKey]: 'yes' } });

    expect(describeActual(injectedDeployment(part, { template })).fingerprints).toBeUndefined();
  });
});

describe('what is desired', () => {
  const proxyOf = (live: LiveWorkload): unknown => {
    const desired = desiredOf(live, describeActual(live), world);
    return desired.type === 'present' ? desired.part.initContainers[1] : undefined;
  };
  const withGrace = (seconds: number): LiveWorkload =>
    liveDeployment({
      template: liveTemplate([], {
        spec: { terminationGracePeriodSeconds: seconds, ...liveTemplate([]).spec },
      }),
    });

  test('the sidecar does not sleep longer than the grace period, which the API server would refuse', () => {
    expect(proxyOf(withGrace(30))).toMatchObject({ lifecycle: { preStop: { sleep: { seconds: 5 } } } });
    expect(proxyOf(withGrace(3))).toMatchObject({ lifecycle: { preStop: { sleep: { seconds: 3 } } } });
    expect(proxyOf(withGrace(0))).not.toHaveProperty('lifecycle');
  });

  test('the sidecar of a job ends with it', () => {
    const live = liveDeployment({ ref: { kind: 'CronJob', namespace: 'shop', name: 'nightly' } });

    expect(proxyOf(live)).not.toHaveProperty('lifecycle');
  });

  test('annotations add to the exclusions of the Mesh', () => {
    const annotations = {
      'meshwright.dev/exclude-inbound-ports': '9000, 9001',
      'meshwright.dev/exclude-outbound-cidrs': '10.1.0.0/16',
    };
    const live = liveDeployment({ template: liveTemplate([], { annotations }) });
    const desired = desiredOf(live, describeActual(live), world);

    const rules = JSON.stringify(desired);
    expect(rules).toContain('--dport 9000 -j RETURN');
    expect(rules).toContain('--dport 9001 -j RETURN');
    expect(rules).toContain('-d 10.1.0.0/16 -j RETURN');
  });
});

describe('what is done where the API server adds the sidecars to pods', () => {
  const byPolicy: World = {
    ...world,
    way: { type: 'Policy', revision: 'r2', namespaces: { matchLabels: world.namespaceLabels } },
  };
  const outside: World = { ...byPolicy, namespaceLabels: {} };
  const bare: PodFacts = { isByPolicy: false, revision: undefined, restarted: undefined, optOut: undefined };
  const [old, right]: readonly PodFacts[] = ['r1', 'r2'].map((revision) => ({
    ...bare,
    isByPolicy: true,
    revision,
  }));
  const restarted = (value: string): LiveWorkload =>
    liveDeployment({
      template: liveTemplate(['u1'], { annotations: { 'meshwright.dev/restarted': value } }),
    });
  const long = liveDeployment({
    template: liveTemplate([], {
      spec: { serviceAccountName: 'a'.repeat(241), containers: [{ name: 'app' }] },
    }),
  });
  const out: PodFacts = { ...bare, optOut: 'false' };
  const optedOut = liveDeployment({
    template: liveTemplate([], { labels: { 'meshwright.dev/inject': 'false' } }),
  });
  const windows = liveDeployment({
    template: liveTemplate([], { spec: { os: { name: 'windows' }, containers: [{ name: 'app' }] } }),
  });
  const roll = (why: string, value: string, parts: Partial<Roll> = {}): object => ({
    type: 'roll',
    why,
    restarted: value,
    isAgain: false,
    removesPart: false,
    ...parts,
  });
  const cases: readonly (readonly [
    string,
    LiveWorkload,
    World,
    readonly (PodFacts | undefined)[],
    object,
  ])[] = [
    ['a new workload is left alone', liveDeployment(), byPolicy, [], { type: 'none' }],
    ['pods with a sidecar from birth are, too', liveDeployment(), byPolicy, [right], { type: 'none' }],
    ['pods without one are replaced', liveDeployment(), byPolicy, [right, bare], roll('inject', 'r2')],
    ['pods of another revision are replaced', liveDeployment(), byPolicy, [old], roll('update', 'r2')],
    [
      'our part goes, in the same write',
      injected,
      byPolicy,
      [bare],
      roll('update', 'r2', { removesPart: true }),
    ],
    ['pods that are being replaced are waited for', restarted('r2'), byPolicy, [bare], { type: 'none' }],
    [
      'pods that came without one are replaced again',
      restarted('r2'),
      byPolicy,
      [{ ...bare, restarted: 'r2' }],
      roll('inject', 'r2.1', { isAgain: true }),
    ],
    [
      'and again',
      restarted('r2.9'),
      byPolicy,
      [{ ...bare, restarted: 'r2.9' }],
      roll('inject', 'r2.10', { isAgain: true }),
    ],
    ['pods of a workload that left lose it', liveDeployment(), outside, [right], roll('leave', 'none')],
    [
      'pods that came with one although they left are replaced again',
      restarted('none'),
      outside,
      [{ ...bare, isByPolicy: true, restarted: 'none' }],
      roll('leave', 'none.1', { isAgain: true }),
    ],
    [
      'pods whose template has lost our part are on their way',
      liveDeployment(),
      outside,
      [bare],
      { type: 'none' },
    ],
    ['pods are replaced by the change that opts out', optedOut, byPolicy, [right], { type: 'none' }],
    [
      'pods that opted out are replaced by the change that opts in',
      liveDeployment(),
      byPolicy,
      [out],
      { type: 'none' },
    ],
    [
      'pods that opted out and have a sidecar all the same are replaced',
      optedOut,
      byPolicy,
      [{ ...out, isByPolicy: true }],
      roll('leave', 'none'),
    ],
    ['pods for Windows are left alone', windows, byPolicy, [bare], { type: 'refuse', mustRemove: false }],
    [
      'a service account that the policy cannot name needs the template',
      long,
      byPolicy,
      [bare],
      { type: 'write' },
    ],
  ];
  test.each(cases)('%s', (_, live, of, pods, action) => {
    const present = pods.filter((pod) => pod !== undefined);

    expect(actionOn(live, of, false, present)).toMatchObject(action);
  });

  test('workloads that leave the policy for templates are injected once', () => {
    expect(actionOn(restarted('r2'), world, false, [])).toMatchObject({ type: 'write', why: 'inject' });
  });
});
