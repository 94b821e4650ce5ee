// A mesh of real Envoys, each with what buildResources makes for its workload, put into its bootstrap: what the data
// plane does is tested without a server. Each has a certificate of a root made for the occasion. Entry: startSidecars.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EnvoyMessage } from '../../../operator/envoy/proto/envoy-message.ts';
import type { MeshIr } from '../../../operator/ir/mesh-ir.ts';
import { buildResources } from '../../../operator/envoy/resources/build.ts';
import { type EnvoyOptions, type EnvoyProcess, startEnvoy } from '../envoy.ts';
import { CertificateFolder, issue, makeTestRoot } from './certificate-folder.ts';
import type { Closing } from './closing.ts';
import { staticBootstrap } from './static-bootstrap.ts';

export interface Sidecar extends EnvoyProcess {
  /** The fields of the first line of its access log, past or to come, that has all these. */
  logged(fields: LogLine): Promise<LogLine>;
}

export type LogLine = Readonly<Record<string, unknown>>;

/**
 * By workload name.
 * @param adjusted what to start instead: tests cannot wait for minutes. Default: what there is
 * @param ports fixed ports → ports to listen on instead, for intercepted workloads. Default: as they are
 */
export async function startSidecars(
  ir: MeshIr,
  closing: Closing,
  ports: ReadonlyMap<number, number> = new Map(),
  adjusted: (bootstrap: EnvoyMessage) => EnvoyMessage = (bootstrap) => bootstrap,
): Promise<ReadonlyMap<string, Sidecar>> {
  const root = await makeTestRoot(ir.settings.trustDomain);
  const resources = buildResources(ir, { trustBundle: root.certificate });
  const started = ir.workloads.map(async (workload) => {
    const dir = await mkdtemp(join(tmpdir(), `meshwright-${workload.name}-`));
    closing.add(() => rm(dir, { recursive: true, force: true }));
    await new CertificateFolder(dir).create(await issue(root, workload.identity.spiffeId), root);
    const envoy = await startEnvoy({
      bootstrap: adjusted(staticBootstrap(resources, workload.key, ports)),
      dir,
      ...inItsFolder(dir),
      args: ['--file-flush-interval-msec', '20', '--log-level', 'warning'],
    });
    closing.add(() => envoy.stop());
    await envoy.waitFor(() => envoy.ready());
    return [workload.name, withLog(envoy)] as const;
  });
  return new Map(await Promise.all(started));
}

/** Names relative to its folder, as in production: GNU env changes the directory before it starts Envoy. */
export function inItsFolder(dir: string): Pick<EnvoyOptions, 'env'> {
  return { env: { '--chdir': dir } };
}

/** An Envoy whose access log can be asked. */
export function withLog(envoy: EnvoyProcess): Sidecar {
  const find = async (fields: LogLine): Promise<LogLine | undefined> => {
    const lines = await envoy.log();
    return lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine)
      .find((line) => Object.entries(fields).every(([key, value]) => line[key] === value));
  };
  return {
    ...envoy,
    logged: async (fields) => (await envoy.waitFor(() => find(fields))) ?? {},
  };
}
