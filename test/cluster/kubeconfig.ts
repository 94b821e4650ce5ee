// A kubeconfig with everything in it: authority, certificate, key. Entry: writeKubeconfigs.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layout } from './layout.ts';

/** Each is the name of a certificate, and then of a kubeconfig. */
const users = [
  'admin',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'coredns',
] as const;

export async function writeKubeconfigs(layout: Layout): Promise<void> {
  await Promise.all(
    users.map(async (user) => {
      const [authority, certificate, key] = await Promise.all([
        base64(join(layout.pkiDir, 'ca.crt')),
        base64(join(layout.pkiDir, `${user}.crt`)),
        base64(join(layout.pkiDir, `${user}.key`)),
      ]);
      const cluster = `meshwright-${layout.index}`;
      const config = {
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [
          { name: cluster, cluster: { server: layout.apiUrl, 'certificate-authority-data': authority } },
        ],
        users: [{ name: user, user: { 'client-certificate-data': certificate, 'client-key-data': key } }],
        contexts: [{ name: cluster, context: { cluster, user } }],
        'current-context': cluster,
      };
      await writeFile(join(layout.kubeconfigDir, user), `${JSON.stringify(config, null, 2)}\n`, {
        mode: 0o600,
      });
    }),
  );
}

async function base64(path: string): Promise<string> {
  return (await readFile(path)).toString('base64');
}
