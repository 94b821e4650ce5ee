// A real Envoy takes every resource of every golden case: the second judge after our own checks.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Root } from '../../operator/certificates/root.ts';
import { renderBootstrap } from '../../operator/infra/bootstrap.ts';
import { encodeMessage } from '../../operator/envoy/proto/registry.ts';
import { buildResources } from '../../operator/envoy/resources/build.ts';
import type { AllowedHostIr } from '../../operator/ir/allowed-host.ts';
import { CertificateFolder, issue, makeTestRoot } from '../support/data-plane/certificate-folder.ts';
import { staticBootstrap } from '../support/data-plane/static-bootstrap.ts';
import { envoyBinary } from '../support/envoy.ts';
import { goldenCases, goldenInput } from '../support/golden.ts';
import { sampleWorkload, spiffeId, trustDomain } from '../support/mesh-samples.ts';
import { readMeshCase } from '../support/mesh-yaml.ts';

const folder = 'test/golden/xds';
let directory: string;
let root: Root;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'meshwright-accepts-'));
  root = await makeTestRoot(trustDomain);
  await new CertificateFolder(directory).create(await issue(root, spiffeId('any')), root);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** What Envoy says of the configuration, started beside the certificate folder. */
async function verdict(file: string, content: string | Uint8Array): Promise<string> {
  await writeFile(join(directory, file), content);
  const envoy = [await envoyBinary(), '--mode', 'validate', '--config-path', file, '--log-level', 'error'];
  const said = await promisify(execFile)('env', [`--chdir=${directory}`, ...envoy]).catch(
    (error: unknown) => error as { readonly stdout: string; readonly stderr: string },
  );
  return (said.stderr + said.stdout).trim();
}

/** Cases name a certificate that they do not have. */
function withRealCa(host: AllowedHostIr): AllowedHostIr {
  if (host.tls === null || host.tls === 'unusable' || host.tls.caBundle !== 'PEM') return host;
  return { ...host, tls: { ...host.tls, caBundle: root.certificate } };
}

test.each(goldenCases(folder))('%s', async (name) => {
  const { ir } = readMeshCase(goldenInput(folder, name));
  const pod = sampleWorkload('any-pod', { key: 'Pod/shop/any-pod', kind: 'Pod', intercepted: true });
  const { allowedHosts } = ir.settings;
  const settings = { ...ir.settings, allowedHosts: allowedHosts.map(withRealCa) };
  const mesh = { ...ir, settings, workloads: [...ir.workloads, pod] };
  const resources = buildResources(mesh, {
    trustBundle: root.certificate,
    publicRoots: root.certificate,
  });

  const verdicts = mesh.workloads.map(({ key, name: workload }) => {
    const bootstrap = staticBootstrap(resources, key, new Map());
    const file = `${name}-${workload}.pb`;
    return verdict(file, encodeMessage('envoy.config.bootstrap.v3.Bootstrap', bootstrap)).then((said) => [
      said,
      `configuration '${file}' OK`,
    ]);
  });

  for (const [said, wanted] of await Promise.all(verdicts)) expect(said).toBe(wanted);
});

test('the bootstrap', async () => {
  const bootstrap = renderBootstrap({
    nodeId: 'Pod~shop~any-pod~',
    cluster: 'default',
    xds: { address: 'meshwright.meshwright-system.svc', port: 15010, serverSpiffeId: spiffeId('operator') },
    adminPort: 0,
  });

  expect(await verdict('bootstrap.json', JSON.stringify(bootstrap))).toBe(
    "configuration 'bootstrap.json' OK",
  );
});
