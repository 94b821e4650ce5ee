// A real Envoy as the sidecar of an ExternalWorkload of a FilesOperator, started as in production. Entry: startFilesSidecar.
import { join } from 'node:path';
import { createSidecarFolder, hasCertificate } from '../../../demo/mesh/sidecar-folder.ts';
import { operatorSpiffeId } from '../../../operator/certificates/identity.ts';
import { renderBootstrap } from '../../../operator/infra/bootstrap.ts';
import { formatNodeId } from '../../../operator/values/node-id.ts';
import { inItsFolder } from '../data-plane/sidecars.ts';
import { type EnvoyProcess, startEnvoy } from '../envoy.ts';
import { poll } from '../kubernetes/poll.ts';

export interface FilesSidecarOptions {
  /** Of the operator; names of service accounts are those of their workloads. */
  readonly state: string;
  readonly xdsPort: number;
  readonly namespace: string;
  readonly name: string;
  readonly trustDomain: string;
  /** Where its files go. */
  readonly dir: string;
}

/** It has its certificate and its admin port answers; see `ready`. The caller stops it. */
export async function startFilesSidecar(options: FilesSidecarOptions): Promise<EnvoyProcess> {
  const { state, xdsPort, namespace, name, trustDomain, dir } = options;
  const secrets = join(state, 'secrets', namespace, `meshwright-${name}`);
  const look = (): Promise<true | undefined> => Promise.resolve(hasCertificate(secrets) || undefined);
  await poll(look, { intervalMs: 50, deadlineMs: 60_000 });
  const serverSpiffeId = operatorSpiffeId(trustDomain, 'meshwright-system');
  const bootstrap = {
    nodeId: formatNodeId({ kind: 'ExternalWorkload', namespace, name, uid: '' }),
    cluster: 'default',
    xds: { address: '127.0.0.1', port: xdsPort, serverSpiffeId },
    adminPort: 0,
  };
  createSidecarFolder(dir, secrets, bootstrap);
  return startEnvoy({
    bootstrap: JSON.stringify(renderBootstrap(bootstrap)),
    dir,
    ...inItsFolder(dir),
    args: ['--log-level', 'warning', '--drain-time-s', '1'],
  });
}
