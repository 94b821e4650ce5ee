// A cluster in which the API server adds sidecars, as its administrator prepares it: Meshwright's manifests, and an operator that has their permissions only.
// Entries: installPolicies, rollOut.
import { readFile, writeFile } from 'node:fs/promises';
import type { ApiServer } from './kubernetes.ts';
import { untilServed } from './kubernetes/until-served.ts';

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

export interface InstallOptions {
  /** By which the operator comes to the API server. Default: that of the server. */
  readonly port?: number;
  /** Default: true. false: for a cluster that has no such policies. */
  readonly withPolicies?: boolean;
}

/** Resolves to the operator's kubeconfig. */
export async function installPolicies(
  server: ApiServer,
  { port = server.port, withPolicies = true }: InstallOptions = {},
): Promise<string> {
  await mustKubectl(server, ['apply', '-f', 'deploy/install.yaml']);
  // Definitions first, then what is of these kinds.
  await untilServed(server);
  if (withPolicies) await mustKubectl(server, ['apply', '-f', 'deploy/injection-policy.yaml']);
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

interface Template {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: object;
}

interface Live {
  readonly metadata: { readonly uid: string; readonly generation: number };
  readonly spec: { readonly template: Template };
}

async function readDeployment(server: ApiServer, namespace: string, name: string): Promise<Live> {
  const get = ['get', 'deployment', name, '-n', namespace, '-o', 'json'];
  return JSON.parse(await mustKubectl(server, get)) as Live;
}

/** What its controller would do, with one replica: a pod of the present template in place of the last one, and the status. */
export async function rollOut(server: ApiServer, namespace: string, name: string): Promise<void> {
  const { metadata, spec } = await readDeployment(server, namespace, name);
  const { template } = spec;
  await server.kubectl([
    'delete',
    'pod',
    '-n',
    namespace,
    '-l',
    `app=${name}`,
    '--force',
    '--grace-period=0',
  ]);
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-5c`, uid: metadata.uid };
  await mustKubectl(server, ['create', '-f', '-'], {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...template.metadata,
      labels: { ...template.metadata.labels, 'pod-template-hash': '5c' },
      generateName: `${name}-5c-`,
      namespace,
      ownerReferences: [{ ...owner, controller: true }],
    },
    spec: template.spec,
  });
  await reportComplete(server, namespace, name);
}

/** The status of a Deployment whose only pod runs, whatever it was made from. */
async function reportComplete(server: ApiServer, namespace: string, name: string): Promise<void> {
  const { generation } = (await readDeployment(server, namespace, name)).metadata;
  const replicas = { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
  const patch = JSON.stringify({ status: { observedGeneration: generation, ...replicas } });
  const of = ['deployment', name, '-n', namespace, '--subresource=status'];
  await mustKubectl(server, ['patch', ...of, '--type=merge', `--patch=${patch}`]);
}
