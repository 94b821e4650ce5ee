// How an operator starts against a cluster: before there is an API server, and as a user who may not do everything.
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Condition } from '../../api/v1alpha1/common.ts';
import { makeCa, secretOf } from '../support/brought-authority.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { HttpsIssuer } from '../support/data-plane/https-issuer.ts';
import { issueKey, issuerName, keySet } from '../support/data-plane/issuer.ts';
import { type ApiServer, apiServerAvailable, startApiServer } from '../support/kubernetes.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { untilServed } from '../support/kubernetes/until-served.ts';
import { type OperatorProcess, startOperator } from '../support/operator.ts';
import { mesh } from '../support/operator/shop.ts';

const available = await apiServerAvailable();
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);
const suite = available.available ? describe : describe.skip;

const Stored = z.object({ items: z.array(z.object({ data: z.record(z.string(), z.string()) })) });

const read = ['get', 'list', 'watch'];
const rbac = 'rbac.authorization.k8s.io';

/** All that the operator needs, but for writing custom resource definitions. */
const restricted: readonly object[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'meshwright-system' } },
  {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'restricted', namespace: 'meshwright-system' },
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name: 'restricted' },
    rules: [
      { apiGroups: [''], resources: ['namespaces', 'services', 'pods', 'serviceaccounts'], verbs: read },
      { apiGroups: ['apps'], resources: ['*'], verbs: read },
      { apiGroups: ['batch'], resources: ['*'], verbs: read },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
      { apiGroups: ['gateway.networking.k8s.io'], resources: ['referencegrants'], verbs: read },
      { apiGroups: ['meshwright.dev'], resources: ['*'], verbs: read },
      {
        apiGroups: ['meshwright.dev'],
        resources: ['meshes/status', 'trafficpolicies/status', 'securitypolicies/status'],
        verbs: ['update'],
      },
      { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'create', 'update'] },
      {
        apiGroups: [''],
        resources: ['secrets'],
        resourceNames: ['meshwright-login'],
        verbs: ['list', 'watch'],
      },
      { apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'delete', 'list', 'patch', 'watch'] },
      { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
    ],
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'restricted' },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'restricted' },
    subjects: [{ kind: 'ServiceAccount', name: 'restricted', namespace: 'meshwright-system' }],
  },
];

suite('an operator that starts', () => {
  const closing = new Closing();
  let server: ApiServer;
  let restrictedKubeconfig: string;
  const operators: OperatorProcess[] = [];

  const kubectl = async (args: readonly string[], documents: readonly object[] = []): Promise<string> => {
    const input = documents.map((document) => JSON.stringify(document)).join('\n---\n');
    const { code, stdout, stderr } = await server.kubectl(args, input);
    if (code !== 0) throw new Error(stderr);
    return stdout;
  };
  const start = async (kubeconfigPath: string): Promise<OperatorProcess> => {
    const operator = await startOperator({ kubeconfigPath });
    operators.push(operator);
    return operator;
  };
  const hasLogged = (
    operator: OperatorProcess,
    message: string,
  ): Promise<Readonly<Record<string, unknown>>> =>
    poll(async () => (await operator.log()).find(({ msg }) => msg === message), {
      intervalMs: 50,
      deadlineMs: 60_000,
    });

  beforeAll(async () => {
    server = await startApiServer();
    closing.add(() => server.stop());
    await kubectl(['apply', '-f', '-'], restricted);
    const token = await kubectl(['create', 'token', 'restricted', '--namespace', 'meshwright-system']);
    const kubeconfig = JSON.parse(await readFile(server.kubeconfigPath, 'utf8')) as object;
    restrictedKubeconfig = `${server.kubeconfigPath}.restricted`;
    const users = [{ name: 'admin', user: { token: token.trim() } }];
    await writeFile(restrictedKubeconfig, JSON.stringify({ ...kubeconfig, users }));
  });
  // Each hands its Lease over: the operator of the next test leads at once.
  afterEach(async () => {
    const stopping = operators.splice(0).map((operator) => operator.terminate().then(() => operator.stop()));
    await Promise.all(stopping);
  });
  afterAll(() => closing.close());

  test('ends with code 1 and a sentence when definitions are missing and it may not write them', async () => {
    const operator = await start(restrictedKubeconfig);

    expect(await operator.ended).toBe(1);
    const log = await operator.log();
    expect(log.find(({ level }) => Number(level) >= 50)?.['error']).toMatchObject({
      message: expect.stringMatching(
        /^Cannot install custom resource definition \S+\. If you have no permission to create custom resource definitions, ask an administrator to apply config\/crd\.$/,
      ),
    });
  });

  test('waits for an API server that is not there yet, and can be stopped meanwhile', async () => {
    await server.stopServer();
    const [patient, stopped] = [await start(server.kubeconfigPath), await start(server.kubeconfigPath)];
    await Promise.all(
      [patient, stopped].map((operator) =>
        hasLogged(operator, 'custom resource definition not installed, retrying'),
      ),
    );
    expect(await stopped.terminate()).toBe(0);

    await server.startAgain();
    // All of them, for the next test: each is tried again in its own time.
    await untilServed(server);
  });

  test('makes do with definitions that an administrator has applied', async () => {
    const operator = await start(restrictedKubeconfig);
    await kubectl(['apply', '-f', '-'], [mesh()]);
    await operator.ready();
    await kubectl(['wait', 'mesh/default', '--for=condition=Ready', '--timeout=60s']);

    const problems = (await operator.log()).filter(({ level }) => Number(level) >= 40);
    expect(problems).toEqual([]);
  });

  test('reads secrets of clients from Secrets of one name, follows them, and shows them nowhere', async () => {
    const operator = await start(restrictedKubeconfig);
    const clientSecret = 'a-secret-that-nobody-is-to-see';
    const secret = (name: string): object => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: 'default' },
      stringData: { 'client-secret': clientSecret },
    });
    const provider = 'https://login.example';
    const oidc = {
      provider: 'corp',
      clientId: 'shop',
      authorizationEndpoint: `${provider}/authorize`,
      tokenEndpoint: `${provider}/token`,
      redirectURI: 'https://shop.example/oauth2/callback',
    };
    const jwks = { inline: keySet(await issueKey('first', 'ES256')) };
    const jwt = [{ name: 'corp', issuer: provider, audiences: ['shop'], jwks }];
    const spec = {
      targetRefs: [{ kind: 'Namespace', name: 'default' }],
      authentication: { jwt, login: { oidc } },
    };
    const metadata = { name: 'entered', namespace: 'default' };
    const policy = { apiVersion: 'meshwright.dev/v1alpha1', kind: 'SecurityPolicy', metadata, spec };
    const isReady = (status: string): Promise<string> => {
      const until = [`--for=condition=LoginReady=${status}`, '--timeout=60s'];
      return kubectl(['wait', 'securitypolicy/entered', '--namespace', 'default', ...until]);
    };

    await kubectl(['apply', '-f', '-'], [secret('another-name'), policy]);
    await isReady('False');
    await kubectl(['create', '-f', '-'], [secret('meshwright-login')]);
    await isReady('True');

    const { adminPort } = await operator.ready();
    const shown: string[] = [];
    for (const page of ['resources', 'ir', 'snapshot', 'status', 'proxies']) {
      // oxlint-disable-next-line no-await-in-loop -- two at a time are answered
      const answer = await fetch(`http://127.0.0.1:${adminPort}/debug/${page}`);
      // oxlint-disable-next-line no-await-in-loop -- as above
      shown.push(`${answer.status} ${await answer.text()}`);
    }
    expect(shown.filter((text) => !text.startsWith('200 '))).toEqual([]);
    expect(shown.join()).toContain('meshwright-login');
    const all = [...shown, JSON.stringify(await operator.log()), await kubectl(['get', 'events', '-A'])];
    for (const text of [clientSecret, Buffer.from(clientSecret).toString('base64')])
      expect(all.filter((one) => one.includes(text))).toEqual([]);
    expect((await operator.log()).filter(({ level }) => Number(level) >= 40)).toEqual([]);

    await kubectl(['delete', 'secret', 'meshwright-login', '--namespace', 'default']);
    await isReady('False');
    await kubectl(['delete', 'securitypolicy', 'entered', '--namespace', 'default']);
  });

  test('fetches keys of issuers and stores them for all replicas, and needs no more permissions for it', async () => {
    const issuer = await HttpsIssuer.start(closing);
    issuer.answers(keySet(await issueKey('first', 'ES256')));
    const operator = await startOperator({
      kubeconfigPath: restrictedKubeconfig,
      args: ['--jwks-allow-addresses=127.0.0.1/32'],
    });
    operators.push(operator);
    const { uri, caBundle } = issuer;
    const jwt = [{ name: 'corp', issuer: issuerName, jwks: { uri, caBundle } }];
    await kubectl(
      ['apply', '-f', '-'],
      [
        {
          apiVersion: 'meshwright.dev/v1alpha1',
          kind: 'SecurityPolicy',
          metadata: { name: 'users', namespace: 'default' },
          spec: { targetRefs: [{ kind: 'Namespace', name: 'default' }], authentication: { jwt } },
        },
      ],
    );
    const until = ['--for=condition=KeysFetched', '--timeout=60s'];
    await kubectl(['wait', 'securitypolicy/users', '--namespace', 'default', ...until]);

    const stored = [
      'get',
      'configmaps',
      '-n',
      'meshwright-system',
      '-l',
      'meshwright.dev/jwks=true',
      '-o',
      'json',
    ];
    const untilStored = (): Promise<z.infer<typeof Stored>['items'][number]> =>
      poll(async () => Stored.parse(JSON.parse(await kubectl(stored))).items[0], {
        intervalMs: 100,
        deadlineMs: 60_000,
      });
    // They are in use a moment before.
    const first = await untilStored();
    expect(first.data['uri']).toBe(uri);
    expect(JSON.parse(first.data['jwks.json'] ?? '')).toMatchObject({ keys: [{ kid: 'first' }] });
    expect((await operator.log()).filter(({ level }) => Number(level) >= 40)).toEqual([]);

    // Who deletes it does not take the keys away.
    await kubectl(['delete', 'configmaps', '-n', 'meshwright-system', '-l', 'meshwright.dev/jwks=true']);
    await untilStored();
  });

  test('begins with an intermediate that kubectl made, keeps it, and tells in an Event when it cannot be read', async () => {
    const own = ['--namespace', 'meshwright-system'];
    const ask = (name: string): Promise<string> => {
      const authority = { type: 'Intermediate', secretRef: { name } };
      const patch = JSON.stringify({ spec: { certificates: { authority } } });
      return kubectl(['patch', 'mesh', 'default', '--type=merge', `--patch=${patch}`]);
    };
    const healthy = (what: string): Promise<string> =>
      kubectl(['wait', 'mesh/default', `--for=condition=AuthorityHealthy${what}`, '--timeout=60s']);
    const root = await makeCa();
    const brought = secretOf(root, await makeCa({ by: root }));
    await kubectl(['delete', 'secret', 'meshwright-ca', ...own]);
    await ask('mesh-intermediate');

    await start(restrictedKubeconfig);
    await kubectl(['wait', 'mesh/default', '--for=condition=Ready=False', '--timeout=60s']);
    const metadata = { name: 'mesh-intermediate', namespace: 'meshwright-system' };
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      metadata,
      stringData: brought,
    };
    await kubectl(['create', '-f', '-'], [secret]);
    await healthy('');
    await ask('nowhere');
    await healthy('=False');

    const events = [
      'events',
      '--for=mesh/default',
      '--types=Warning',
      '--output=jsonpath={.items[*].message}',
    ];
    await poll(
      async () =>
        (await kubectl([...events, '--all-namespaces'])).includes('nowhere does not exist') || undefined,
      {
        intervalMs: 50,
        deadlineMs: 60_000,
      },
    );
    const kept = ['get', 'secret', 'meshwright-ca', ...own, String.raw`--output=jsonpath={.data.tls\.crt}`];
    expect(Buffer.from(await kubectl(kept), 'base64').toString()).toBe(brought['tls.crt']);
    await kubectl(['wait', 'mesh/default', '--for=condition=Ready', '--timeout=60s']);
  });

  test('can be stopped at once', async () => {
    const operator = await start(server.kubeconfigPath);
    await operator.ready();

    expect(await operator.terminate()).toBe(0);
    // A part that is still at work is given up after 10 s.
    const log = await operator.log();
    expect(log.filter(({ msg }) => msg === 'component did not stop cleanly')).toEqual([]);
  });

  test('says in the Mesh that the root is damaged, also when it was before the start', async () => {
    const scribble = JSON.stringify({ data: { 'tls.key': Buffer.from('scribble').toString('base64') } });
    await kubectl(['patch', 'secret', 'meshwright-ca', '--namespace', 'meshwright-system', '-p', scribble]);
    const operator = await start(server.kubeconfigPath);

    await kubectl(['wait', 'mesh/default', '--for=condition=Ready=False', '--timeout=60s']);
    const ready = 'jsonpath={.status.conditions[?(@.type=="Ready")]}';
    const condition = JSON.parse(await kubectl(['get', 'mesh/default', '-o', ready])) as Condition;
    expect(condition.reason).toBe('CertificateNotReady');
    // Nobody has a sidecar, so that it has none to wait for: those are given 10 s to come back.
    const { time } = await hasLogged(operator, 'started leading');
    const takenMs = Date.parse(condition.lastTransitionTime) - Date.parse(String(time));
    expect(takenMs).toBeLessThan(8000);
  });
});
