// Pod certificates on a real API server that serves them, without a node: requests as kubelets make them, with the identity of one. The operator
// runs with the rights of install.yaml. Real kubelets are in the end-to-end tests.
import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { Closing } from '../support/data-plane/closing.ts';
import {
  type ApiServer,
  apiServerAvailable,
  type CommandResult,
  startApiServer,
} from '../support/kubernetes.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { type OperatorProcess, startOperator } from '../support/operator.ts';
import { mesh } from '../support/operator/shop.ts';
import { stubOf } from '../unit/certificates/pod-request-samples.ts';

const available = await apiServerAvailable('newest');
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);
const suite = available.available ? describe : describe.skip;

const signer = 'meshwright.dev/workload';
const rootsName = 'meshwright.dev:workload:roots';
const denial = { type: 'Denied', status: 'True', reason: 'No', message: 'No.' };
const kubelet = (node: string): readonly string[] => as(`system:node:${node}`, 'system:nodes');

function as(user: string, ...groups: readonly string[]): readonly string[] {
  return [`--as=${user}`, ...[...groups, 'system:authenticated'].map((group) => `--as-group=${group}`)];
}

const Uid = z.object({ metadata: z.object({ uid: z.string() }) });
const Request = z.object({
  status: z
    .object({
      conditions: z
        .array(z.object({ type: z.string(), reason: z.string(), message: z.string() }))
        .default([]),
      certificateChain: z.string().default(''),
      notBefore: z.string().optional(),
      notAfter: z.string().optional(),
      beginRefreshAt: z.string().optional(),
    })
    .optional(),
});
type Status = NonNullable<z.infer<typeof Request>['status']>;

suite('pod certificates', () => {
  const closing = new Closing();
  let server: ApiServer;
  let operators: OperatorProcess[];

  const kubectl = async (args: readonly string[], ...documents: readonly object[]): Promise<string> => {
    const { code, stdout, stderr } = await attempt(args, ...documents);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const attempt = (args: readonly string[], ...documents: readonly object[]): Promise<CommandResult> =>
    server.kubectl(args, documents.map((document) => JSON.stringify(document)).join('\n---\n'));
  const create = (...documents: readonly object[]): Promise<string> =>
    kubectl(['create', '-f', '-'], ...documents);
  const uidOf = async (...what: readonly string[]): Promise<string> =>
    Uid.parse(JSON.parse(await kubectl(['get', ...what, '-o', 'json']))).metadata.uid;

  /** A pod on a node, as the scheduler leaves it. */
  const createPod = async (
    name: string,
    account: string,
    { namespace = 'shop', asks = true }: { readonly namespace?: string; readonly asks?: boolean } = {},
  ): Promise<string> => {
    await create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace },
      spec: {
        serviceAccountName: account,
        nodeName: 'node-1',
        containers: [{ name: 'app', image: 'app' }],
        ...(asks && { volumes: [{ name: 'mw-certs', projected: { sources: [{ podCertificate: asked }] } }] }),
      },
    });
    return uidOf('pod', name, '-n', namespace);
  };
  const asked = { signerName: signer, keyType: 'ECDSAP256', credentialBundlePath: 'bundle.pem' };

  /** A request, true or not. */
  const requestOf = async (
    name: string,
    pod: {
      readonly name: string;
      readonly uid: string;
      readonly account: string;
      readonly node?: string;
      readonly namespace?: string;
    },
    maxExpirationSeconds = 86_400,
  ): Promise<object> => {
    const { node = 'node-1', namespace = 'shop' } = pod;
    return {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'PodCertificateRequest',
      metadata: { name, namespace },
      spec: {
        signerName: signer,
        podName: pod.name,
        podUID: pod.uid,
        serviceAccountName: pod.account,
        serviceAccountUID: await uidOf('serviceaccount', pod.account, '-n', namespace),
        nodeName: node,
        nodeUID: await uidOf('node', node),
        maxExpirationSeconds,
        stubPKCS10Request: (await stubOf()).stub,
      },
    };
  };
  const statusOf = async (name: string): Promise<Status | undefined> =>
    Request.parse(
      JSON.parse(await kubectl(['get', 'podcertificaterequest', name, '-n', 'shop', '-o', 'json'])),
    ).status;
  const answered = (name: string): Promise<Status> =>
    poll(
      async () => {
        const status = await statusOf(name);
        return status !== undefined && status.conditions.length > 0 ? status : undefined;
      },
      { intervalMs: 50, deadlineMs: 60_000 },
    );
  const delivered = async (): Promise<{ readonly reason: string; readonly message: string } | undefined> => {
    const Mesh = z.object({
      status: z
        .object({
          conditions: z.array(z.object({ type: z.string(), reason: z.string(), message: z.string() })),
        })
        .optional(),
    });
    const { status } = Mesh.parse(JSON.parse(await kubectl(['get', 'mesh', 'default', '-o', 'json'])));
    return status?.conditions.find(({ type }) => type === 'CertificatesDelivered');
  };
  const untilDelivered = (reason: string): Promise<string> =>
    poll(
      async () => {
        const condition = await delivered();
        return condition?.reason === reason ? condition.message : undefined;
      },
      { intervalMs: 200, deadlineMs: 90_000 },
    );
  const startAsOperator = async (name: string): Promise<OperatorProcess> => {
    const token = (
      await kubectl(['create', 'token', 'meshwright-operator', '-n', 'meshwright-system'])
    ).trim();
    const Config = z.looseObject({ users: z.array(z.looseObject({ user: z.unknown() })) });
    const config = Config.parse(JSON.parse(await readFile(server.kubeconfigPath, 'utf8')));
    const path = `${server.kubeconfigPath}.${name}`;
    await writeFile(
      path,
      JSON.stringify({ ...config, users: config.users.map((it) => ({ ...it, user: { token } })) }),
      { mode: 0o600 },
    );
    const operator = await startOperator({ kubeconfigPath: path });
    closing.add(() => operator.stop());
    await operator.ready();
    return operator;
  };

  beforeAll(async () => {
    server = await startApiServer('newest');
    closing.add(() => server.stop());
    // No controllers and no images: the Deployment is never run, and its NetworkPolicy and so on do nothing.
    const install = join(import.meta.dirname, '../../deploy/install-pod-certificates.yaml');
    await kubectl(['apply', '-f', install]);
    await create(
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'shop', labels: { 'meshwright.dev/mesh': 'enabled' } },
      },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } },
      ...['reviews', 'payments', 'other'].map((name) => ({
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name, namespace: name === 'other' ? name : 'shop' },
      })),
      ...['node-1', 'node-2'].map((name) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } })),
      mesh(),
    );
    for (const name of ['node-1', 'node-2'])
      // oxlint-disable-next-line no-await-in-loop -- two
      await kubectl(
        ['patch', 'node', name, '--subresource=status', '--type=merge', '-p'].concat(
          JSON.stringify({ status: { nodeInfo: { kubeletVersion: 'v1.37.2' } } }),
        ),
      );
    operators = await Promise.all([startAsOperator('one'), startAsOperator('other')]);
  });
  afterAll(() => closing.close());

  test('the Mesh says that keys are made on the nodes, and no Secret is made for anybody', async () => {
    expect(await untilDelivered('PodCertificate')).toContain('all kubelets support pod certificates');
    const secrets = await kubectl(['get', 'secrets', '-A', '-o', 'name']);
    expect(secrets.trim().split('\n')).toEqual(['secret/meshwright-ca']);
  });

  test('the request of a kubelet is signed as the API server wants it, with the identity of the pod', async () => {
    const uid = await createPod('reviews-1', 'reviews');
    const request = await requestOf('true-1', { name: 'reviews-1', uid, account: 'reviews' });

    await kubectl(['create', '-f', '-', ...kubelet('node-1')], request);
    const status = await answered('true-1');

    const leaf = new X509Certificate(status.certificateChain);
    expect(status.conditions).toMatchObject([{ type: 'Issued' }]);
    expect(leaf.subjectAltName).toBe('URI:spiffe://cluster.local/ns/shop/sa/reviews');
    // Signing does not wait for it.
    await kubectl(['wait', `clustertrustbundle/${rootsName}`, '--for=create', '--timeout=60s']);
    const roots = await kubectl([
      'get',
      'clustertrustbundle',
      rootsName,
      '-o',
      'jsonpath={.spec.trustBundle}',
    ]);
    expect(leaf.checkIssued(new X509Certificate(roots))).toBe(true);
    expect(leaf.verify(new X509Certificate(roots).publicKey)).toBe(true);
  });

  test('the shortest certificate that Kubernetes permits is one of an hour', async () => {
    const uid = await createPod('reviews-2', 'reviews');
    const request = await requestOf('short', { name: 'reviews-2', uid, account: 'reviews' }, 3600);

    await kubectl(['create', '-f', '-', ...kubelet('node-1')], request);
    const { notBefore = '', notAfter = '', conditions } = await answered('short');

    expect(conditions).toMatchObject([{ type: 'Issued' }]);
    expect(Date.parse(notAfter) - Date.parse(notBefore)).toBe(3_600_000);
  });

  describe('a user who may create pods and requests', () => {
    const user = as('mallory');
    beforeAll(async () => {
      const rbac = 'rbac.authorization.k8s.io';
      await create(
        {
          apiVersion: `${rbac}/v1`,
          kind: 'ClusterRole',
          metadata: { name: 'mallory' },
          rules: [
            { apiGroups: [''], resources: ['pods'], verbs: ['*'] },
            { apiGroups: ['certificates.k8s.io'], resources: ['podcertificaterequests'], verbs: ['*'] },
            {
              apiGroups: ['certificates.k8s.io'],
              resources: ['podcertificaterequests/status', 'clustertrustbundles'],
              verbs: ['*'],
            },
          ],
        },
        {
          apiVersion: `${rbac}/v1`,
          kind: 'ClusterRoleBinding',
          metadata: { name: 'mallory' },
          roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'mallory' },
          subjects: [{ apiGroup: rbac, kind: 'User', name: 'mallory' }],
        },
      );
    });

    test('cannot ask for a certificate, neither of another account nor of the one of a pod', async () => {
      const uid = await createPod('payments-1', 'payments');
      const request = await requestOf('invented', { name: 'payments-1', uid, account: 'payments' });

      const { code, stderr } = await attempt(['create', '-f', '-', ...user], request);

      expect(code).not.toBe(0);
      expect(stderr).toContain('Only the kubelet of the node may request certificates');
    });

    test('can neither sign as Meshwright, nor write the root certificates', async () => {
      // Not in the mesh: the request waits.
      const uid = await createPod('other-1', 'other', { namespace: 'other' });
      const request = await requestOf('waiting', {
        name: 'other-1',
        uid,
        account: 'other',
        namespace: 'other',
      });
      await kubectl(['create', '-f', '-', ...kubelet('node-1')], request);

      const patch = (what: readonly string[], body: object): Promise<CommandResult> =>
        attempt(['patch', ...what, '--type=merge', '-p', JSON.stringify(body), ...user]);
      const sign = await patch(['podcertificaterequest', 'waiting', '-n', 'other', '--subresource=status'], {
        status: { conditions: [{ ...denial, lastTransitionTime: '2026-01-01T00:00:00Z' }] },
      });
      const attest = await patch(['clustertrustbundle', rootsName], {
        metadata: { labels: { mine: 'yes' } },
      });

      expect([sign.code, attest.code]).toEqual([1, 1]);
      expect(sign.stderr).toContain('not permitted to "sign" for signer "meshwright.dev/workload"');
      expect(attest.stderr).toMatch(/not permitted to "?attest/);
    });
  });

  test('the operator refuses what passed the fence, and says why', async () => {
    // As if somebody had deleted the policy.
    await kubectl(['delete', 'validatingadmissionpolicybinding', 'pod-certificates.meshwright.dev']);
    const uid = await createPod('reviews-3', 'reviews');
    const bare = await createPod('reviews-4', 'reviews', { asks: false });
    const pod = { name: 'reviews-3', uid, account: 'reviews' };
    const cases: readonly (readonly [string, Parameters<typeof requestOf>[1]])[] = [
      ['other-account', { ...pod, account: 'payments' }],
      ['other-node', { ...pod, node: 'node-2' }],
      ['no-volume', { name: 'reviews-4', uid: bare, account: 'reviews' }],
    ];

    for (const [name, of] of cases) {
      // oxlint-disable-next-line no-await-in-loop -- three
      await poll(
        async () =>
          (await attempt(['create', '-f', '-'], await requestOf(name, of))).code === 0 ||
          (await statusOf(name).catch(() => undefined)) !== undefined ||
          undefined,
        { intervalMs: 200, deadlineMs: 60_000 },
      );
      // oxlint-disable-next-line no-await-in-loop -- three
      const status = await answered(name);
      expect(status.conditions).toMatchObject([{ type: 'Denied', reason: 'PodMismatch' }]);
      expect(status.certificateChain).toBe('');
    }
  });

  test('without the leader the other replica signs', async () => {
    const [first] = operators;
    const uid = await createPod('reviews-5', 'reviews');
    await first?.stop();

    await kubectl(
      ['create', '-f', '-', ...kubelet('node-1')],
      await requestOf('one-left', { name: 'reviews-5', uid, account: 'reviews' }),
    );

    expect((await answered('one-left')).conditions).toMatchObject([{ type: 'Issued' }]);
  });

  test('a node that joins with an older kubelet: Secrets from then on, and the Mesh names the node', async () => {
    await create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-3' } });
    await kubectl(
      ['patch', 'node', 'node-3', '--subresource=status', '--type=merge', '-p'].concat(
        JSON.stringify({ status: { nodeInfo: { kubeletVersion: 'v1.36.3' } } }),
      ),
    );

    expect(await untilDelivered('Secret')).toContain('node-3 (v1.36.3)');
  });
});

const usual = await apiServerAvailable();

(usual.available ? describe : describe.skip)('an API server that does not know pod certificates', () => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer();
  });
  afterAll(() => server.stop());

  test.each(['install.yaml', 'install-pod-certificates.yaml'])('takes %s', async (file) => {
    const applied = await server.kubectl(['apply', '-f', join(import.meta.dirname, '../../deploy', file)]);
    const what = ['validatingadmissionpolicy', 'pod-certificates.meshwright.dev'];
    const policy = await server.kubectl(['get', ...what, '-o', 'jsonpath={.spec.failurePolicy}']);
    const { code, stderr } = applied;

    expect({ code, stderr, policy: policy.stdout }).toEqual({ code: 0, stderr: '', policy: 'Fail' });
  });
});
