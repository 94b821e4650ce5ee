// Which platform the settings ask for.
import { afterAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../../operator/process/log.ts';
import { readSettings } from '../../../operator/process/settings.ts';

// Jest must have linked client-node before @dot-i/k8s-operator, which is CommonJS, requires it.
await import('@kubernetes/client-node');
const { createPlatform } = await import('../../../operator/wiring/create-platform.ts');

const folder = mkdtempSync(join(tmpdir(), 'meshwright-platform-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const log = createLog('silent');

test('files: a folder, without pods, workloads and Leases', () => {
  const settings = readSettings(['--platform', 'files', '--files', folder, '--state', folder], {});

  const platform = createPlatform(settings, log);

  expect(platform.name).toBe('files');
  expect([platform.pods, platform.workloads, platform.leases]).toEqual([undefined, undefined, undefined]);
});

test('kubernetes: the API server of the kubeconfig, with all ports; it connects to nothing yet', () => {
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: 'https://192.0.2.1:6443' } }],
      users: [{ name: 'u', user: { token: 't' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );

  const platform = createPlatform(readSettings(['--kubeconfig', kubeconfig], {}), log);

  expect(platform.name).toBe('kubernetes');
  for (const port of [platform.pods, platform.workloads, platform.leases]) expect(port).toBeDefined();
  platform.close?.();
});

test('kubernetes without a kubeconfig can never work, and says so', () => {
  const settings = readSettings(['--kubeconfig', join(folder, 'missing')], {});

  expect(() => createPlatform(settings, log)).toThrow(/missing/);
});
