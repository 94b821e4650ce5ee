// The operator with the permissions of install.yaml and injection-policy.yaml, on a real API server that can add sidecars: pods of every origin have one from
// birth while there is a Mesh, and nothing blocks them without.
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/data-plane/closing.ts';
import { type ApiServer, startApiServer } from '../support/kubernetes.ts';
import { findNewest } from '../support/kubernetes/assets.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { type OperatorProcess, startOperator } from '../support/operator.ts';
import { mesh } from '../support/operator/shop.ts';

const newest = await findNewest();
if (!newest.found) process.stderr.write(`NOT RUN: ${newest.reason}\n`);
const suite = newest.found ? describe : describe.skip;

const operatorNamespace = 'meshwright-system';

suite('on a cluster whose API server adds sidecars', () => {
  const closing = new Closing();
  let server: ApiServer;
  let operator: OperatorProcess;
  let kubeconfigPath: string;

  async function kubectl(args: readonly string[], ...documents: readonly object[]): Promise<string> {
    const input = documents.map((document) => JSON.stringify(document)).join('\n---\n');
    const { code, stdout, stderr } = await server.kubectl(args, input);
    if (code !== 0) throw new Error(stderr);
    return stdout;
  }

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

  beforeAll(async () => {
    server = await startApiServer('newest');
    closing.add(() => server.stop());
    // Definitions first, then what is of these kinds.
    await kubectl(['apply', '-f', 'deploy/install.yaml']);
    await kubectl(['apply', '-f', 'deploy/injection-policy.yaml']);
    const token = await kubectl(['create', 'token', 'meshwright-operator', '-n', operatorNamespace]);
    const kubeconfig = JSON.parse(await readFile(server.kubeconfigPath, 'utf8')) as object;
    kubeconfigPath = `${server.kubeconfigPath}.operator`;
    const users = [{ name: 'admin', user: { token: token.trim() } }];
    await writeFile(kubeconfigPath, JSON.stringify({ ...kubeconfig, users }));
    await kubectl(
      ['apply', '-f', '-'],
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'shop', labels: { 'meshwright.dev/mesh': 'enabled' } },
      },
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
    const group = 'admissionregistration.k8s.io';

    expect(await can('patch', `mutatingadmissionpolicies.${group}/sidecar.meshwright.dev`)).toBe('yes');
    expect(await can('patch', `mutatingadmissionpolicies.${group}/other`)).toBe('no');
    expect(await can('create', `mutatingadmissionpolicybindings.${group}`)).toBe('no');
    const refused = (await operator.log()).filter((line) => JSON.stringify(line).includes('forbidden'));
    expect(refused).toEqual([]);
  });
});
