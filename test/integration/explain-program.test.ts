// `meshwright explain` as users run it: on a folder of manifests, and on a cluster.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CrdServer, startCrdServer } from '../support/api-cases/crd-server.ts';
import { apiServerAvailable } from '../support/kubernetes.ts';

const available = await apiServerAvailable();
if (!available.available) process.stderr.write(`NOT RUN: ${available.reason}\n`);
const onCluster = available.available ? describe : describe.skip;

const deployments = ['productpage', 'reviews-v1', 'reviews-v2'].map((name) => {
  const [app = '', version = 'v1'] = name.split('-');
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: shop}
spec:
  selector: {matchLabels: {app: ${app}, version: ${version}}}
  template:
    metadata: {labels: {app: ${app}, version: ${version}}}
    spec: {serviceAccountName: ${app}, containers: [{name: app, image: app}]}
`;
});
const service = `
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: http, port: 9080, targetPort: web}]}
`;
const policy = (subset: string): string => `
apiVersion: meshwright.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: reviews, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: reviews}]
  subsets: [{name: v1, matchLabels: {version: v1}}, {name: v2, matchLabels: {version: v2}}]
  routes: [{name: everybody, backends: [{subset: ${subset}}]}]
`;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'meshwright-explain-'));
  await mkdir(join(root, 'apps/deep'), { recursive: true });
  await writeFile(join(root, 'apps/deep/apps.yaml'), deployments.join('---'));
  await writeFile(join(root, 'apps/service.yml'), service);
  await writeFile(join(root, 'apps/policy.yaml'), policy('v1'));
  await writeFile(join(root, 'later.yaml'), policy('v2'));
  await writeFile(
    join(root, 'calls'),
    '--from shop/productpage --to reviews:9080 /a\n--from shop/productpage --to other.io /\n',
  );
});
afterAll(() => rm(root, { recursive: true, force: true }));

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function explain(...args: readonly string[]): Promise<Said> {
  return run('explain', ...args);
}

async function run(
  program: 'check' | 'explain' | 'networkpolicy',
  ...args: readonly string[]
): Promise<Said> {
  return new Promise((resolve) => {
    execFile(process.execPath, [`operator/${program}.ts`, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

const call = ['--from', 'shop/productpage', '--to', 'reviews:9080', 'GET', '/reviews/1'];
/** Where the subset is, whatever its address. */
const toSubset = (subset: string): RegExp =>
  new RegExp(`Backend +Service shop/reviews port 9080, subset ${subset}: [\\d.]+:9080 \\(mTLS\\)`);

describe('on a folder', () => {
  test('`meshwright check` finds what is weak', async () => {
    const { code, stdout } = await run('check', '--files', join(root, 'apps'));

    expect({ code, found: stdout.split('\n').map((line) => line.split(':', 1)[0]) }).toEqual({
      code: 1,
      found: ['Plaintext', 'AnyCaller', ''],
    });
    expect((await run('check', '--files', join(root, 'nothing'))).code).toBe(2);
  });

  test('reads what a repository of manifests holds, in folders below as well', async () => {
    const { code, stdout, stderr } = await explain('--files', join(root, 'apps'), ...call);

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(toSubset('v1'));
  });

  test('says which calls change when other manifests are applied', async () => {
    const both = [
      '--files',
      join(root, 'apps'),
      '--diff',
      join(root, 'later.yaml'),
      '--calls',
      join(root, 'calls'),
    ];
    const { code, stdout } = await explain(...both);

    expect(code).toBe(1);
    expect(stdout).toMatch(/^1 of 2 calls change\.\n\nBefore: shop\/productpage-0 to reviews:9080/);
    expect(stdout).toMatch(new RegExp(`${toSubset('v1').source}[^]*${toSubset('v2').source}`));
  });

  test('names every mistake in the manifests', async () => {
    const broken = join(root, 'broken');
    await mkdir(broken);
    await writeFile(join(broken, 'a.yaml'), policy('v1').replace('routes:', 'route:'));
    await writeFile(join(broken, 'b.yaml'), 'a: [\n');
    const { code, stdout, stderr } = await explain('--files', broken, ...call);

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('a.yaml: TrafficPolicy shop/reviews: ');
    expect(stderr).toMatch(/b\.yaml:\d: Not valid YAML: /);
  });

  test('names a folder that does not exist', async () => {
    const { code, stderr } = await explain('--files', join(root, 'nowhere'), ...call);

    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `${join(root, 'nowhere')} does not exist. Name a folder of manifests, or a file.\n`,
    });
  });
});

onCluster('on a cluster', () => {
  let server: CrdServer;
  beforeAll(async () => {
    server = await startCrdServer();
    await server.kubectl('apply', '-f', join(root, 'apps/service.yml'), '-f', join(root, 'apps/policy.yaml'));
    const file = join(root, 'cluster.yaml');
    await writeFile(file, clusterObjects);
    await server.kubectl('apply', '-f', file);
  });
  afterAll(() => server.stop());

  test('reads the API server, and writes nothing', async () => {
    const versions = (): Promise<string> =>
      server.kubectl('get', 'mesh,tp,ew', '-A', '-o', 'jsonpath={.items[*].metadata.resourceVersion}');
    const before = await versions();
    const { code, stdout, stderr } = await explain('--kubeconfig', server.kubeconfigPath, ...call);

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/subset v1: 127\.0\.0\.1:9081 \(mTLS\)/);
    expect(await versions()).toBe(before);
  });

  test('`meshwright networkpolicy` writes what an API server takes', async () => {
    const options = ['--kubeconfig', server.kubeconfigPath, '--namespace', 'shop', '--cidr', '2001:db8::/32'];
    const { code, stdout, stderr } = await run('networkpolicy', ...options);

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const file = join(root, 'networkpolicy.yaml');
    await writeFile(file, stdout);

    expect(await server.kubectl('apply', '--dry-run=server', '-f', file)).toContain(
      'meshwright-egress created',
    );
    expect(stdout).toContain('cidr: 127.0.0.1/32');
  });

  test('says what would change, with nothing applied', async () => {
    const both = ['--kubeconfig', server.kubeconfigPath, '--diff', join(root, 'later.yaml')];
    const { code, stdout } = await explain(...both, ...call);

    expect(code).toBe(1);
    expect(stdout).toContain('1 of 1 calls change.');
  });

  test('says why a cluster does not answer', async () => {
    const nobody = join(root, 'kubeconfig');
    const text = (await readFile(server.kubeconfigPath, 'utf8')).replace(/(token"?: *"?)[^"\s]+/, '$1nobody');
    await writeFile(nobody, text);
    const { code, stderr } = await explain('--kubeconfig', nobody, '--timeout', '4s', ...call);

    expect(code).toBe(2);
    expect(stderr).toMatch(/^https:.* has not listed everything in time \(.*Unauthorized.*\)\. Check/);
  });
});

const clusterObjects = `
apiVersion: meshwright.dev/v1alpha1
kind: Mesh
metadata: {name: default}
spec: {}
---
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {name: productpage, namespace: shop, labels: {app: productpage}}
spec:
  address: 127.0.0.1
  serviceAccount: productpage
  outbound: [{service: reviews, port: 9080, bindPort: 19080}]
---
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {name: reviews-v1, namespace: shop, labels: {app: reviews, version: v1}}
spec:
  address: 127.0.0.1
  serviceAccount: reviews
  ports: [{name: web, port: 9081, applicationPort: 9082, appProtocol: http}]
---
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {name: reviews-v2, namespace: shop, labels: {app: reviews, version: v2}}
spec:
  address: 127.0.0.1
  serviceAccount: reviews
  ports: [{name: web, port: 9083, applicationPort: 9084, appProtocol: http}]
`;
