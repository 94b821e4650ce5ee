// Rules on trial in an operator as users run it: requests to a real Envoy that they would refuse are in the status of the policy, by caller;
// once the rules are enforced, the status says what they would have refused.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Condition } from '../../api/v1alpha1/common.ts';
import { startApplication } from '../support/data-plane/applications.ts';
import { call } from '../support/data-plane/callers.ts';
import { Closing } from '../support/data-plane/closing.ts';
import { freePort } from '../support/kubernetes/free-port.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { FilesOperator } from '../support/operator/files-operator.ts';
import { startFilesSidecar } from '../support/operator/files-sidecar.ts';

const closing = new Closing();
afterAll(() => closing.close());

let operator: FilesOperator;
let port = 0;
let application = 0;
const policy = { kind: 'SecurityPolicy', namespace: 'shop', name: 'reviews' } as const;

const manifests = (enforcement: 'Audit' | 'Enforce'): string =>
  [
    { kind: 'Mesh', metadata: { name: 'default' }, spec: { trustDomain: 'audit.test' } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'reviews', namespace: 'shop' },
      spec: { selector: { app: 'reviews' }, ports: [{ name: 'http', port: 9080, targetPort: 'http' }] },
    },
    {
      kind: 'ExternalWorkload',
      metadata: { name: 'reviews', namespace: 'shop', labels: { app: 'reviews' } },
      spec: {
        address: '127.0.0.1',
        serviceAccount: 'reviews',
        ports: [{ name: 'http', port, applicationPort: application }],
      },
    },
    {
      kind: 'SecurityPolicy',
      metadata: { name: policy.name, namespace: policy.namespace },
      spec: {
        targetRefs: [{ kind: 'Service', name: 'reviews' }],
        authorization: {
          enforcement,
          rules: [
            { name: 'page', action: 'Allow', from: [{ serviceAccounts: ['shop/page'] }] },
            { name: 'no-admin', action: 'Deny', to: [{ paths: [{ value: '/admin' }] }] },
          ],
        },
      },
    },
  ]
    .map((it) => JSON.stringify({ apiVersion: 'meshwright.dev/v1alpha1', ...it }))
    .join('\n---\n');

beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), 'meshwright-audit-'));
  closing.add(() => rm(root, { recursive: true, force: true }));
  port = await freePort();
  application = await startApplication('app', closing);
  operator = await FilesOperator.in(root, [`--xds-address=127.0.0.1:${await freePort()}`]);
  await operator.put('mesh.yaml', manifests('Audit'));
  await operator.start();
  closing.add(() => operator.kill());
  const { state, xdsPort } = operator;
  const envoy = await startFilesSidecar({
    state,
    xdsPort,
    namespace: 'shop',
    name: 'reviews',
    trustDomain: 'audit.test',
    dir: join(root, 'reviews'),
  });
  closing.add(() => envoy.stop());
});

async function wouldRefuse(reason: string, words = ''): Promise<Condition> {
  let last = '';
  const look = async (): Promise<Condition | undefined> => {
    const condition = (await operator.conditions(policy))?.['WouldRefuse'];
    last = JSON.stringify(condition);
    return condition?.reason === reason && condition.message.includes(words) ? condition : undefined;
  };
  return poll(look, { intervalMs: 50, deadlineMs: 120_000 }).catch((error: unknown) => {
    throw new Error(`WouldRefuse is ${last}`, { cause: error });
  });
}

async function statusOf(path: string): Promise<number> {
  return (await call(port, { path })).status;
}

async function edges(): Promise<readonly unknown[]> {
  const page = JSON.parse(await operator.ask('/debug/traffic')) as { readonly edges: readonly unknown[] };
  return page.edges;
}

test('nothing would be refused, as soon as the sidecar reports; then what was called; then what is enforced', async () => {
  expect((await wouldRefuse('NoRefusals')).message).toContain('The sidecar of the target reports.');

  expect([await statusOf('/?token=x'), await statusOf('/'), await statusOf('/admin')]).toEqual([
    200, 200, 200,
  ]);
  // The sidecar may report between two of the calls.
  const { message, status } = await wouldRefuse('Refusals', '3 requests');
  expect(status).toBe('True');
  expect(message).toContain(
    `3 requests of 1 caller: 2 from 127.0.0.1 to port ${port}, GET / (no Allow rule matches); 1 from 127.0.0.1 to port ${port}, GET /admin (Deny rule no-admin).`,
  );
  const metrics = await operator.ask('/metrics');
  expect(metrics).toContain('meshwright_audit_refusals_total{namespace="shop",policy="reviews"} 3');
  expect(ruleRefusals(metrics)).toEqual([
    'enforcement="Audit",namespace="",policy="",rule="",caller="unidentified",callee="shop/reviews" 2',
    'enforcement="Audit",namespace="shop",policy="reviews",rule="no-admin",caller="unidentified",callee="shop/reviews" 1',
  ]);
  expect(await edges()).toMatchObject([
    { workload: 'ExternalWorkload/shop/reviews', source: '127.0.0.1', requests: { '2xx': 3 } },
  ]);

  await operator.put('mesh.yaml', manifests('Enforce'));
  expect((await wouldRefuse('Enforced')).message).toContain('they would have refused 3 requests of 1 caller');
  await poll(async () => ((await statusOf('/admin')) === 403 ? true : undefined), {
    intervalMs: 20,
    deadlineMs: 60_000,
  });
  const refused =
    'enforcement="Enforce",namespace="shop",policy="reviews",rule="no-admin",caller="unidentified",callee="shop/reviews" ';
  const isCounted = async (): Promise<true | undefined> =>
    ruleRefusals(await operator.ask('/metrics')).some((line) => line.startsWith(refused)) ? true : undefined;
  await poll(isCounted, { intervalMs: 100, deadlineMs: 60_000 });
  expect(await rulesUsed()).toContainEqual({ rule: 'shop/reviews/no-admin', requests: expect.any(Number) });
  const findings = await checked();
  expect(findings).toContain(
    'UnusedRule: Rule page of SecurityPolicy shop/reviews matched no request since ',
  );
  expect(findings).not.toContain('no-admin');
  expect(findings).not.toContain('Expiring');
});

/** What `meshwright check` says of the manifests and of this operator. */
async function checked(): Promise<string> {
  const args = ['operator/check.ts', '--files', operator.folder, '--operator', operator.adminAddress];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}

/** Labels and values, sorted. */
function ruleRefusals(metrics: string): readonly string[] {
  return metrics
    .split('\n')
    .filter((line) => line.startsWith('meshwright_rule_refusals_total{'))
    .map((line) => line.replace(/^[^{]*\{|\}/g, ''))
    .toSorted();
}

async function rulesUsed(): Promise<readonly unknown[]> {
  const page = JSON.parse(await operator.ask('/debug/traffic')) as { readonly rules: readonly unknown[] };
  return page.rules;
}

test('an operator that was killed begins to count anew, with what the sidecar reports from then on', async () => {
  await operator.kill();
  await operator.start();
  const counted = async (): Promise<true | undefined> => {
    await statusOf('/');
    return (await edges()).length > 0 ? true : undefined;
  };
  await poll(counted, { intervalMs: 500, deadlineMs: 120_000 });

  expect(await edges()).toMatchObject([
    {
      workload: 'ExternalWorkload/shop/reviews',
      source: '127.0.0.1',
      requests: { '4xx': expect.any(Number) },
    },
  ]);
});
