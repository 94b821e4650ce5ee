// The operator with the permissions of install.yaml and injection-policy.yaml, on a real API server that can add sidecars: pods of every origin have one from
// birth while there is a Mesh, and nothing blocks them without.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/data-plane/closing.ts';
import { type ApiServer, startApiServer } from '../support/kubernetes.ts';
import { findNewest } from '../support/kubernetes/assets.ts';
import {
  installPolicies,
  meshedNamespace,
  mustKubectl,
  operatorNamespace,
  rollOut as rollOutDeployment,
} from '../support/injection-policies.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { type OperatorProcess, startOperator } from '../support/operator.ts';
import { mesh } from '../support/operator/shop.ts';

const newest = await findNewest();
if (!newest.found) process.stderr.write(`NOT RUN: ${newest.reason}\n`);
const suite = newest.found ? describe : describe.skip;

const slow = { intervalMs: 200, deadlineMs: 60_000 };

interface Deployment {
  readonly metadata: { readonly uid: string; readonly generation: number };
  readonly spec: {
    readonly template: {
      readonly metadata: {
        readonly labels: Readonly<Record<string, string>>;
        readonly annotations?: Readonly<Record<string, string>>;
      };
      readonly spec: { readonly initContainers?: readonly object[] };
    };
  };
}

const web = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'app', image: 'app:1' }] },
    },
  },
};

suite('on a cluster whose API server adds sidecars', () => {
  const closing = new Closing();
  let server: ApiServer;
  let operator: OperatorProcess;
  let kubeconfigPath: string;

  const kubectl = (args: readonly string[], ...documents: readonly object[]): Promise<string> =>
    mustKubectl(server, args, ...documents);

  /** Names of the init containers of a pod that is created, and not kept. */
  async function made(metadata: object = {}): Promise<readonly string[]> {
    const name = `pod-${Math.random().toString(36).slice(2)}`;
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'shop', ...metadata },
      spec: { containers: [{ name: 'app', image: 'app:1' }] },
    };
    const text = await kubectl(['create', '--dry-run=server', '-o', 'json', '-f', '-'], pod);
    const { spec } = JSON.parse(text) as { spec: { initContainers?: readonly { name: string }[] } };
    return (spec.initContainers ?? []).map((it) => it.name);
  }

  function until(hasSidecar: boolean): Promise<true> {
    return poll(async () => ((await made()).length > 0 === hasSidecar ? true : undefined), {
      intervalMs: 100,
      deadlineMs: 60_000,
    });
  }

  /** What the API server lets the operator do: `yes` or `no`. */
  const can = (verb: string, what: string): Promise<string> =>
    server
      .kubectl([
        'auth',
        'can-i',
        verb,
        what,
        `--as=system:serviceaccount:${operatorNamespace}:meshwright-operator`,
      ])
      .then(({ stdout }) => stdout.trim());

  beforeAll(async () => {
    server = await startApiServer('newest');
    closing.add(() => server.stop());
    kubeconfigPath = await installPolicies(server);
    await kubectl(
      ['apply', '-f', '-'],
      meshedNamespace,
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'shop' } },
      // There are no nodes, so that all of them could make keys.
      mesh({ certificates: { delivery: 'Secret' } }),
    );
    operator = await startOperator({ kubeconfigPath, args: ['--sidecar-xds', 'meshwright.example:15012'] });
    closing.add(() => operator.stop());
    await operator.ready();
  });
  afterAll(() => closing.close());

  test('a bare pod and the pod of a Job have a sidecar from birth, and what they mount is there', async () => {
    await until(true);

    const job = { apiVersion: 'batch/v1', kind: 'Job', name: 'migrate', uid: '1', controller: true };
    expect(await made({ ownerReferences: [job] })).toEqual(['mw-init', 'mw-proxy']);
    expect(await kubectl(['get', 'configmap', 'meshwright-trust', '-n', 'shop', '-o', 'name'])).not.toBe('');
  });

  test('the certificate of a service account that only such a pod has is issued when the pod is there', async () => {
    await kubectl(
      ['create', '-f', '-'],
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'migrate', namespace: 'shop' } },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'migrate', namespace: 'shop' },
        spec: { serviceAccountName: 'migrate', containers: [{ name: 'app', image: 'app:1' }] },
      },
    );

    const wait = ['wait', 'secret/meshwright-migrate', '-n', 'shop', '--for=create', '--timeout=60s'];
    expect(await kubectl(wait)).toContain('condition met');
  });

  describe('a Deployment', () => {
    const deployment = (): Promise<Deployment> =>
      kubectl(['get', 'deployment', 'web', '-n', 'shop', '-o', 'json']).then(
        (text) => JSON.parse(text) as Deployment,
      );
    /** As its controller would: a pod of the present template in place of the last one, and the status. */
    const rollOut = (): Promise<void> => rollOutDeployment(server, 'shop', 'web');
    const pods = async (): Promise<readonly (string | undefined)[]> => {
      const text = await kubectl(['get', 'pods', '-n', 'shop', '-l', 'app=web', '-o', 'json']);
      const { items } = JSON.parse(text) as {
        readonly items: readonly { readonly metadata: { readonly labels: Record<string, string> } }[];
      };
      return items.map(({ metadata }) => metadata.labels['meshwright.dev/revision']);
    };
    const condition = async (type: string): Promise<string> =>
      kubectl([
        'get',
        'mesh',
        'default',
        '-o',
        `jsonpath={.status.conditions[?(@.type=="${type}")].status} {.status.conditions[?(@.type=="${type}")].reason}`,
      ]);
    const untilIs = (type: string, wanted: string): Promise<true> =>
      poll(async () => ((await condition(type)) === wanted ? true : undefined), slow);
    const patchMesh = async (sidecar: object): Promise<void> => {
      await kubectl([
        'patch',
        'mesh',
        'default',
        '--type=merge',
        `--patch=${JSON.stringify({ spec: { sidecar } })}`,
      ]);
    };
    /** As the API server changes what the operator asks it about, or not. */
    const untilChecked = (isRun: boolean): Promise<true> => {
      const lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'check.meshwright.dev', namespace: operatorNamespace },
      };
      const create = ['create', '--dry-run=server', '-o', 'json', '-f', '-'];
      return poll(
        async () =>
          (await kubectl(create, lease)).includes('meshwright.dev/admission') === isRun ? true : undefined,
        slow,
      );
    };
    const untilTemplate = (is: (of: Deployment) => boolean): Promise<Deployment> =>
      poll(async () => {
        const found = await deployment();
        return is(found) ? found : undefined;
      }, slow);
    const restarted = ({ spec }: Deployment): string | undefined =>
      spec.template.metadata.annotations?.['meshwright.dev/restarted'];
    const inits = ({ spec }: Deployment): number => spec.template.spec.initContainers?.length ?? 0;

    test('has pods with a sidecar from birth, and its template stays as it is', async () => {
      await kubectl(['apply', '-f', '-'], web);
      await rollOut();
      await untilIs('InjectionReady', 'True Policy');
      await untilCounted('injected', '1');

      const [revision] = await pods();
      const found = await deployment();
      expect(revision).toMatch(/^[0-9a-f]{12}$/);
      expect([found.metadata.generation, inits(found), restarted(found)]).toEqual([1, 0, undefined]);
      const { code } = await server.kubectl(['diff', '-f', '-'], JSON.stringify(web));
      expect(code).toBe(0);
    });

    test('is restarted by one annotation when the Mesh changes, and its pods have the new revision', async () => {
      const [before] = await pods();
      await patchMesh({ drain: '7s' });

      const found = await untilTemplate((of) => restarted(of) !== undefined);
      await rollOut();

      const [after] = await pods();
      expect(after).not.toBe(before);
      expect([restarted(found), inits(found), found.metadata.generation]).toEqual([after, 0, 2]);
      expect((await server.kubectl(['diff', '-f', '-'], JSON.stringify(web))).code).toBe(0);
    });

    test('gets the sidecar in its template when the binding goes, and loses it in one write when it is back', async () => {
      await kubectl(['delete', 'mutatingadmissionpolicybinding', 'sidecar.meshwright.dev']);
      // A change makes the operator look at once.
      await patchMesh({ drain: '8s' });
      await untilIs('InjectionReady', 'True Template');
      await untilTemplate((of) => inits(of) === 2);
      await rollOut();

      await kubectl(['apply', '-f', 'deploy/injection-policy.yaml']);
      await patchMesh({ drain: '9s' });
      await untilIs('InjectionReady', 'True Policy');
      const before = (await deployment()).metadata.generation;
      const found = await untilTemplate((of) => inits(of) === 0);
      await rollOut();

      expect([...new Set(await pods())]).toEqual([restarted(found)]);
      expect(found.metadata.generation - before).toBeLessThanOrEqual(1);
      expect(Object.keys(found.spec.template.metadata.labels)).toEqual(['app']);
    });

    const untilCounted = (what: 'injected' | 'pending', wanted: string): Promise<true> =>
      poll(async () => {
        const counted = ['get', 'mesh', 'default', '-o', `jsonpath={.status.workloads.${what}}`];
        return (await kubectl(counted)) === wanted ? true : undefined;
      }, slow);

    test('leaves and joins by one restart each when the Mesh selects other namespaces', async () => {
      await untilCounted('injected', '1');
      const { generation } = (await deployment()).metadata;
      const select = (matchLabels: object): Promise<string> => {
        const patch = JSON.stringify({ spec: { namespaceSelector: { matchLabels } } });
        return kubectl(['patch', 'mesh', 'default', '--type=merge', `--patch=${patch}`]);
      };

      await select({ 'meshwright.dev/mesh': null, team: 'other' });
      await untilTemplate((of) => restarted(of) === 'none');
      await rollOut();
      expect(await pods()).toEqual([undefined]);

      await select({ 'meshwright.dev/mesh': 'enabled', team: null });
      const found = await untilTemplate((of) => restarted(of) !== 'none');
      await rollOut();
      await untilCounted('injected', '1');
      expect(await pods()).toEqual([restarted(found)]);
      expect((await deployment()).metadata.generation).toBe(generation + 2);
    });

    test('opts out and in by its label, and is not restarted for that', async () => {
      const { generation } = (await deployment()).metadata;
      const label = (value: string | null): Promise<string> => {
        const template = { metadata: { labels: { 'meshwright.dev/inject': value } } };
        const patch = JSON.stringify({ spec: { template } });
        return kubectl(['patch', 'deployment', 'web', '-n', 'shop', '--type=merge', `--patch=${patch}`]);
      };

      await label('false');
      await untilCounted('injected', '0');
      await rollOut();
      expect(await pods()).toEqual([undefined]);

      await label(null);
      await untilCounted('pending', '1');
      await rollOut();
      await untilCounted('injected', '1');
      expect((await deployment()).metadata.generation).toBe(generation + 2);
    });

    test('an operator that may not look any more goes on as before, and says so', async () => {
      const before = await deployment();
      await kubectl(['delete', 'clusterrolebinding', 'meshwright-injection']);
      // The API server notices a moment later: a look that still succeeds would be the last one for a minute.
      const policy = 'mutatingadmissionpolicies.admissionregistration.k8s.io/sidecar.meshwright.dev';
      await poll(async () => ((await can('get', policy)) === 'no' ? true : undefined), slow);
      await patchMesh({ drain: '10s' });
      await untilIs('InjectionReady', 'False PolicyNotRun');

      const message = `jsonpath={.status.conditions[?(@.type=="InjectionReady")].message}`;
      expect(await kubectl(['get', 'mesh', 'default', '-o', message])).toMatch(
        /expects that the API server adds sidecars to pods, as before\. .*forbidden/,
      );
      expect((await deployment()).metadata.generation).toBe(before.metadata.generation);
      expect(await made()).toEqual(['mw-init', 'mw-proxy']);

      await kubectl(['apply', '-f', 'deploy/injection-policy.yaml']);
      await untilIs('InjectionReady', 'True Policy');
      await untilTemplate((of) => of.metadata.generation > before.metadata.generation);
      await rollOut();
    });

    test('an API server that does not run policies is found out', async () => {
      await kubectl(['delete', 'mutatingadmissionpolicy', 'check.meshwright.dev']);
      await untilChecked(false);
      await patchMesh({ drain: '6s' });
      expect(await untilIs('InjectionReady', 'False PolicyNotRun')).toBe(true);

      await kubectl(['apply', '-f', 'deploy/injection-policy.yaml']);
      await untilChecked(true);
      await patchMesh({ drain: '5s' });
      await untilIs('InjectionReady', 'True Policy');
      await kubectl(['delete', 'deployment', 'web', '-n', 'shop']);
      await server.kubectl(['delete', 'pod', '-n', 'shop', '-l', 'app=web', '--force', '--grace-period=0']);
    });
  });

  test('a change of the Mesh is one of the policy', async () => {
    const patch = JSON.stringify({ spec: { sidecar: { image: 'envoy:next' } } });
    await kubectl(['patch', 'mesh', 'default', '--type=merge', `--patch=${patch}`]);

    const get = ['get', 'mutatingadmissionpolicy', 'sidecar.meshwright.dev', '-o', 'json'];
    const changed = async (): Promise<true | undefined> =>
      (await kubectl(get)).includes('envoy:next') ? true : undefined;
    expect(await poll(changed, { intervalMs: 100, deadlineMs: 60_000 })).toBe(true);
  });

  test('without an operator pods still get one; without a Mesh none, and none is blocked', async () => {
    await operator.terminate();
    expect(await made()).toEqual(['mw-init', 'mw-proxy']);

    operator = await startOperator({ kubeconfigPath, args: ['--sidecar-xds', 'meshwright.example:15012'] });
    closing.add(() => operator.stop());
    await kubectl(['delete', 'mesh', 'default']);
    await until(false);
  });

  test('the operator may write no other policy, and has needed no more permissions', async () => {
    const group = 'admissionregistration.k8s.io';

    expect(await can('patch', `mutatingadmissionpolicies.${group}/sidecar.meshwright.dev`)).toBe('yes');
    expect(await can('patch', `mutatingadmissionpolicies.${group}/other`)).toBe('no');
    expect(await can('create', `mutatingadmissionpolicybindings.${group}`)).toBe('no');
    const refused = (await operator.log()).filter((line) => JSON.stringify(line).includes('forbidden'));
    expect(refused).toEqual([]);
  });
});
