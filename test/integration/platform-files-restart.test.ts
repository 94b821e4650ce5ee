// A broken file and an operator that is killed: what was refused before stays refused, and the status says what is wrong.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { ObjectRef } from '../../operator/objects/objects.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { FilesOperator } from '../support/operator/files-operator.ts';

const guard: ObjectRef = { kind: 'SecurityPolicy', namespace: 'shop', name: 'guard' };
const mesh = `apiVersion: meshwright.dev/v1alpha1
kind: Mesh
metadata: {name: default}
spec: {mtls: {mode: Strict}}
---
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {clusterIP: 10.96.0.1, selector: {app: reviews}, ports: [{name: http, port: 9080}]}
---
apiVersion: meshwright.dev/v1alpha1
kind: ExternalWorkload
metadata: {name: reviews, namespace: shop, labels: {app: reviews}}
spec: {address: 192.0.2.7, ports: [{name: http, port: 9080}]}
`;
const policy = (action = 'Allow'): string => `apiVersion: meshwright.dev/v1alpha1
kind: SecurityPolicy
metadata: {name: guard, namespace: shop}
spec:
  targetRefs: [{kind: Service, name: reviews}]
  authorization:
    rules:
    - {name: one, action: ${action}, from: [{serviceAccounts: [shop/productpage]}]}
`;

let root: string;
let operator: FilesOperator;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'meshwright-restart-'));
  operator = await FilesOperator.in(root);
  await operator.put('mesh.yaml', mesh);
  await operator.put('guard.yaml', policy());
  await operator.start();
  await accepted('True');
});

afterEach(async () => {
  await operator.kill();
  await rm(root, { recursive: true, force: true });
});

/** Waits until the policy's Accepted is that, and returns its message. */
async function accepted(status: string): Promise<string> {
  const look = async (): Promise<string | undefined> => {
    const condition = (await operator.conditions(guard))?.['Accepted'];
    return condition?.status === status ? condition.message : undefined;
  };
  return poll(look, { intervalMs: 10, deadlineMs: 60_000 });
}

const Resources = z.object({
  securityPolicies: z.array(
    z.object({
      spec: z.object({ authorization: z.object({ rules: z.array(z.object({ name: z.string() })) }) }),
    }),
  ),
});

/** The names of the rules in force. */
async function rulesInForce(): Promise<readonly string[]> {
  const { securityPolicies } = Resources.parse(JSON.parse(await operator.ask('/debug/resources')));
  return securityPolicies.flatMap(({ spec }) => spec.authorization.rules.map(({ name }) => name));
}

const broken: readonly (readonly [string, string, RegExp])[] = [
  ['cannot be parsed', `${policy()}:::[\n`, /guard\.yaml, line \d+ .*Not valid YAML: /],
  ['has a key twice', `${policy()}spec: {}\n`, /guard\.yaml, line 9 .*duplicated mapping key/],
  ['is invalid', policy('Alow'), /guard\.yaml, line 8: spec\.authorization\.rules\[0\]\.action is "Alow"/],
  [
    'has a kind that is misspelt',
    policy().replace('SecurityPolicy', 'SecurityPolcy'),
    /guard\.yaml, document 1/,
  ],
];

describe('a file that was broken before the operator was killed with -9', () => {
  test.each(broken)(
    'and %s: the last valid version is in force again, and the status says why',
    async (_, text, why) => {
      await operator.put('guard.yaml', text);
      const before = await accepted('False');

      await operator.kill();
      await operator.start();
      const atOnce = await operator.conditions(guard);
      const rules = await rulesInForce();
      const after = await accepted('False');

      expect(rules).toEqual(['one']);
      expect([atOnce?.['Accepted']?.status, atOnce?.['Programmed']?.status]).not.toContain('True');
      expect([before, after]).toEqual(Array(2).fill(expect.stringMatching(why)));
      expect(after).toContain('The last valid version stays in force.');
      expect((await operator.conditions(guard))?.['Programmed']?.status).toBe('False');
    },
  );
});

test('a file that is broken while the operator is down does no more harm', async () => {
  await operator.kill();
  await operator.put('guard.yaml', policy('Alow'));

  await operator.start();

  expect(await rulesInForce()).toEqual(['one']);
  expect(await accepted('False')).toContain('The last valid version stays in force.');
});

test('with a damaged state a broken policy closes its targets, and the log and the status say so', async () => {
  await operator.kill();
  await operator.put('guard.yaml', policy('Alow'));
  const objects = join(operator.state, 'objects');
  const names = await readdir(objects);
  await Promise.all(names.map(async (name) => writeFile(join(objects, name), '{"version": 1')));

  await operator.start();

  expect(await rulesInForce()).toEqual(['closed']);
  expect(await accepted('False')).toContain('every call to its targets is refused until it is corrected');
  expect(await operator.log()).toContain('state folder damaged');
});

test('without its state a broken policy closes its targets, too', async () => {
  await operator.kill();
  await operator.put('guard.yaml', `${policy()}:::[\n`);
  await rm(operator.state, { recursive: true });

  await operator.start();

  expect(await rulesInForce()).toEqual(['closed']);
});
