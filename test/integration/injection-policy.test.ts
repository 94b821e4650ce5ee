// Sidecars by the API server itself, on a real one that serves MutatingAdmissionPolicies: the pod that the policy makes is the pod that a template with our part
// makes. No nodes: pods are created and never run.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { accountsWithTakenNames, certificateSecretName } from '../../operator/certificates/names.ts';
import { renderInjectionPolicy } from '../../operator/infra/admission-policy.ts';
import { renderFence } from '../../deploy/injection-fence.ts';
import { renderSidecar, type SidecarOptions } from '../../operator/infra/sidecar.ts';
import { neverMeshed } from '../../operator/values/never-meshed.ts';
import { injectedKey } from '../../operator/values/own-names.ts';
import { type ApiServer, startApiServer } from '../support/kubernetes.ts';
import { findNewest } from '../support/kubernetes/assets.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { sampleOptions } from '../unit/infra/sample-options.ts';

const newest = await findNewest();
if (!newest.found) process.stderr.write(`NOT RUN: ${newest.reason}\n`);
const suite = newest.found ? describe : describe.skip;

const namespace = 'shop';
const meshLabel = { 'meshwright.dev/mesh': 'enabled' };
const excludedNamespaces = neverMeshed('meshwright-system');

type Json = Record<string, unknown>;
interface Pod {
  readonly metadata?: Json;
  readonly spec?: Json;
}

/** What a template with our part makes of the pod. */
function byTemplate(pod: Pod, more: Partial<SidecarOptions>): Pod {
  const part = renderSidecar({ ...sampleOptions, ...more }, null);
  const { initContainers = [], volumes = [], ...spec } = pod.spec ?? {};
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: { ...(pod.metadata?.['labels'] as Json), ...part.labels },
      annotations: { ...(pod.metadata?.['annotations'] as Json), ...part.annotations },
    },
    spec: {
      ...spec,
      initContainers: [...part.initContainers, ...(initContainers as Json[])],
      volumes: [...(volumes as Json[]), ...part.volumes],
    },
  };
}

const app = { name: 'app', image: 'app:1' };
const setUp = { name: 'set-up', image: 'set-up:1' };
const annotated = (annotations: Json): Pod => ({ metadata: { annotations } });
const excluding = (interception: Partial<SidecarOptions['interception']>): Partial<SidecarOptions> => ({
  interception: { ...sampleOptions.interception, ...interception },
});
const job = { apiVersion: 'batch/v1', kind: 'Job', name: 'migrate', uid: '1', controller: true };

/** What a user creates, and of the sidecar what differs from the usual. */
const pods: readonly (readonly [what: string, pod: Pod, of?: Partial<SidecarOptions>])[] = [
  ['nothing special', {}],
  ['init containers of its own', { spec: { initContainers: [setUp, { ...setUp, name: 'more' }] } }],
  ['volumes of its own', { spec: { volumes: [{ name: 'data', emptyDir: {} }] } }],
  ['annotations and labels of its own', { metadata: { annotations: { a: 'b' }, labels: { app: 'x' } } }],
  [
    'a service account',
    { spec: { serviceAccountName: 'cart' } },
    { certificates: { type: 'Secret', secret: 'meshwright-cart' } },
  ],
  [
    'a service account whose name is like one of ours',
    { spec: { serviceAccountName: 'ca' } },
    { certificates: { type: 'Secret', secret: certificateSecretName('ca') } },
  ],
  ['a short grace period', { spec: { terminationGracePeriodSeconds: 2 } }, { drainSeconds: 2 }],
  ['no grace period', { spec: { terminationGracePeriodSeconds: 0 } }, { drainSeconds: 0 }],
  ['a Job', { metadata: { ownerReferences: [job] } }, { drainSeconds: 0 }],
  [
    'ports and networks that bypass the sidecar',
    annotated({
      'meshwright.dev/exclude-inbound-ports': '9000, 09001',
      'meshwright.dev/exclude-outbound-ports': '5432',
      'meshwright.dev/exclude-outbound-cidrs': '10.20.0.0/16,fd00:20::/64, 10.30.0.0/16,',
    }),
    excluding({
      excludeInboundPorts: [9000, 9001],
      excludeOutboundPorts: [5432],
      excludeOutboundCidrs: ['10.20.0.0/16', 'fd00:20::/64', '10.30.0.0/16'],
    }),
  ],
];

/** Created as they are. */
const left: readonly (readonly [string, Pod])[] = [
  ['the network of the node', { spec: { hostNetwork: true } }],
  ['Windows', { spec: { os: { name: 'windows' } } }],
  ['nodes with Windows', { spec: { nodeSelector: { 'kubernetes.io/os': 'windows' } } }],
  ['the label that opts out', { metadata: { labels: { 'meshwright.dev/inject': 'false' } } }],
  ['the user of the sidecar', { spec: { securityContext: { runAsUser: 1337 } } }],
  [
    'the user of the sidecar in one container',
    { spec: { containers: [app, { ...app, name: 'b', securityContext: { runAsUser: 1337 } }] } },
  ],
  ['a container with a name of ours', { spec: { containers: [app, { ...app, name: 'mw-proxy' }] } }],
  ['an init container with a name of ours', { spec: { initContainers: [{ ...setUp, name: 'mw-init' }] } }],
  ['a volume with the name of ours', { spec: { volumes: [{ name: 'mw-certs', emptyDir: {} }] } }],
  ['a service account with a long name', { spec: { serviceAccountName: 'a'.repeat(241) } }],
];

const policyWith = (certificates: 'Secret' | 'PodCertificate'): object =>
  renderInjectionPolicy({
    sidecar: sampleOptions,
    certificates,
    namespaceLabels: meshLabel,
    excludedNamespaces,
    secretOf: certificateSecretName,
    oddAccounts: accountsWithTakenNames,
  });

suite('the policy', () => {
  let server: ApiServer;
  let count = 0;

  async function apply(...documents: readonly object[]): Promise<void> {
    const { code, stderr } = await server.kubectl(
      ['apply', '--server-side', '--force-conflicts', '-f', '-'],
      documents.map((document) => JSON.stringify(document)).join('\n---\n'),
    );
    if (code !== 0) throw new Error(stderr);
  }

  /** As the API server would store it, or what it says against it. */
  async function created(pod: Pod, within = namespace): Promise<Pod | string> {
    const object = {
      apiVersion: 'v1',
      kind: 'Pod',
      ...pod,
      metadata: { ...pod.metadata, name: `pod-${(count += 1)}`, namespace: within },
      spec: { containers: [app], ...pod.spec },
    };
    const { code, stdout, stderr } = await server.kubectl(
      ['create', '--dry-run=server', '-o', 'json', '-f', '-'],
      JSON.stringify(object),
    );
    return code === 0 ? (JSON.parse(stdout) as Pod) : stderr;
  }

  beforeAll(async () => {
    server = await startApiServer('newest');
    const accounts = ['default', 'cart', 'ca', 'a'.repeat(241)];
    await apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: meshLabel } },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } },
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: {
          name: 'strict',
          labels: { ...meshLabel, 'pod-security.kubernetes.io/enforce': 'restricted' },
        },
      },
    );
    await apply(
      ...accounts.map((name) => ({
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name, namespace },
      })),
      ...['other', 'strict'].map((it) => ({
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'default', namespace: it },
      })),
    );
    await apply(...renderFence('meshwright-system'));
    await apply(policyWith('Secret'));
    // Each API server looks at its policies once a second.
    await poll(async () => (isInjected(await created({})) ? true : undefined), {
      intervalMs: 100,
      deadlineMs: 60_000,
    });
    const unread = annotated({ 'meshwright.dev/exclude-inbound-ports': 'x' });
    await poll(async () => (typeof (await created(unread)) === 'string' ? true : undefined), {
      intervalMs: 100,
      deadlineMs: 60_000,
    });
  });
  afterAll(() => server.stop());

  test.each(pods)('makes of a pod with %s what a template makes of it', async (_, pod, of = {}) => {
    const [policy, template] = [await created(pod), await created(byTemplate(pod, of))];

    expect(isInjected(policy)).toBe(true);
    expect(comparable(policy)).toEqual(comparable(template));
  });

  test.each(left)('leaves a pod with %s as it is', async (_, pod) => {
    const found = await created(pod);

    expect(typeof found).toBe('object');
    expect(isInjected(found)).toBe(false);
  });

  test.each(['other', 'strict'])('leaves the namespace %s as it is', async (within) => {
    const found = await created({}, within);

    expect(typeof found === 'string' ? found : isInjected(found)).not.toBe(true);
  });

  test('leaves a pod that has our part first, and moves it to the front where it is not', async () => {
    const part = renderSidecar(sampleOptions, null);
    const [init, proxy] = part.initContainers;
    const whole = (initContainers: readonly unknown[]): Pod => ({
      spec: { initContainers, volumes: part.volumes },
    });

    const found = await Promise.all([
      created(whole([init, proxy, setUp])),
      created(whole([setUp, init, proxy])),
      created(whole([proxy, setUp, init])),
    ]);

    expect(found.map(namesOf)).toEqual(Array.from({ length: 3 }, () => ['mw-init', 'mw-proxy', 'set-up']));
  });

  test.each([
    ['exclude-inbound-ports', '9000;9001', 'Write port numbers separated by commas, for example 9000,9001.'],
    ['exclude-outbound-ports', '0', 'Write port numbers separated by commas, for example 9000,9001.'],
    ['exclude-outbound-ports', '70000', 'Write port numbers separated by commas, for example 9000,9001.'],
    [
      'exclude-outbound-cidrs',
      '10.0.0.0/16\nCOMMIT',
      'Write networks separated by commas, for example 10.20.0.0/16,fd00:20::/64.',
    ],
  ])('%s: %j is refused with what to write', async (key, value, advice) => {
    const found = await created(annotated({ [`meshwright.dev/${key}`]: value }));

    expect(found).toContain(`The annotation meshwright.dev/${key} is not valid. ${advice}`);
  });

  test('makes of a pod what a template makes of it, where keys are made on nodes', async () => {
    await apply(policyWith('PodCertificate'));
    await poll(
      async () => (JSON.stringify(await created({})).includes('podCertificate') ? true : undefined),
      { intervalMs: 100, deadlineMs: 60_000 },
    );
    const template = byTemplate({}, { certificates: { type: 'PodCertificate' } });

    expect(comparable(await created({}))).toEqual(comparable(await created(template)));
  });

  test('changes nothing but pods, whatever it says: the binding bounds it', async () => {
    const everything = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] };
    await apply({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingAdmissionPolicy',
      metadata: { name: 'sidecar.meshwright.dev' },
      spec: {
        failurePolicy: 'Fail',
        reinvocationPolicy: 'Never',
        matchConstraints: { namespaceSelector: {}, objectSelector: {}, resourceRules: [everything] },
        matchConditions: [],
        variables: [],
        mutations: [
          {
            patchType: 'JSONPatch',
            jsonPatch: {
              expression: '[JSONPatch{op: "add", path: "/metadata/labels", value: {"mine": "yes"}}]',
            },
          },
        ],
      },
    });
    await poll(async () => (JSON.stringify(await created({})).includes('"mine"') ? true : undefined), {
      intervalMs: 100,
      deadlineMs: 60_000,
    });

    const made = await server.kubectl([
      'create',
      'configmap',
      'a',
      '-n',
      namespace,
      '--dry-run=server',
      '-o',
      'json',
    ]);
    expect(made.stdout).not.toContain('"mine"');
    expect(JSON.stringify(await created({}, 'kube-system'))).not.toContain('"mine"');
  });

  test('without it pods are created as they are', async () => {
    await server.kubectl(['delete', 'mutatingadmissionpolicy', 'sidecar.meshwright.dev']);
    await poll(async () => (JSON.stringify(await created({})).includes('"mine"') ? undefined : true), {
      intervalMs: 100,
      deadlineMs: 60_000,
    });

    expect(isInjected(await created({}))).toBe(false);
  });
});

function isInjected(pod: Pod | string): boolean {
  if (typeof pod === 'string') return false;
  const { annotations = {} } = pod.metadata ?? {};
  return (annotations as Json)[injectedKey] !== undefined;
}

function namesOf(pod: Pod | string): readonly string[] {
  if (typeof pod === 'string') return [pod];
  return ((pod.spec?.['initContainers'] ?? []) as readonly { readonly name: string }[]).map(
    ({ name }) => name,
  );
}

/** Without what differs each time: names, times, tokens, revisions. Nothing is as good as empty. */
function comparable(pod: Pod | string): unknown {
  if (typeof pod === 'string') return pod;
  const { annotations, labels } = pod.metadata ?? {};
  const { [injectedKey]: _, ...others } = (annotations ?? {}) as Json;
  const text = JSON.stringify({ annotations: others, labels, spec: pod.spec }, (key, value: unknown) =>
    key === 'lifecycle' && JSON.stringify(value) === '{}' ? undefined : value,
  ).replaceAll(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access');
  const { spec, ...rest } = JSON.parse(text) as { spec: { volumes: { name: string }[] } };
  const volumes = spec.volumes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return { ...rest, spec: { ...spec, volumes } };
}
