// A cluster in which the API server adds sidecars, as its administrator prepares it: Meshwright's manifests, and an operator that has their permissions only.
// Entry: installPolicies.
import { readFile, writeFile } from 'node:fs/promises';
import type { ApiServer } from './kubernetes.ts';

export const operatorNamespace = 'meshwright-system';
/** Selected by every Mesh without a selection of its own. */
export const meshedNamespace = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', labels: { 'meshwright.dev/mesh': 'enabled' } },
};

/** Applies documents, and whatever else kubectl does; a failure is an error. */
export async function mustKubectl(
  server: ApiServer,
  args: readonly string[],
  ...documents: readonly object[]
): Promise<string> {
  const input = documents.map((document) => JSON.stringify(document)).join('\n---\n');
  const { code, stdout, stderr } = await server.kubectl(args, input);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** Resolves to the operator's kubeconfig. port: by which it comes to the API server. Default: that of the server. */
export async function installPolicies(server: ApiServer, port = server.port): Promise<string> {
  // Definitions first, then what is of these kinds.
  await mustKubectl(server, ['apply', '-f', 'deploy/install.yaml']);
  await mustKubectl(server, ['apply', '-f', 'deploy/injection-policy.yaml']);
  const token = await mustKubectl(server, [
    'create',
    'token',
    'meshwright-operator',
    '-n',
    operatorNamespace,
  ]);
  const path = `${server.kubeconfigPath}.operator`;
  await server.writeKubeconfig(path, port);
  const kubeconfig = JSON.parse(await readFile(path, 'utf8')) as object;
  const users = [{ name: 'admin', user: { token: token.trim() } }];
  await writeFile(path, JSON.stringify({ ...kubeconfig, users }));
  return path;
}
