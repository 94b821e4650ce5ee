// The temporary folder of one demo: the YAML that the operator watches, its state, and the logs of every process.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PortBlock } from '../process/ports.ts';
import { fillPorts, portNames } from './ports-in-yaml.ts';

export interface Workspace {
  readonly root: string;
  /** Watched by the operator; what a user edits. */
  readonly mesh: string;
  /** The operator's own: statuses, certificates. */
  readonly state: string;
  /** `<process>.stdout`, `<process>.stderr` */
  readonly logs: string;
}

export function createWorkspace(): Workspace {
  const root = mkdtempSync(join(tmpdir(), 'meshwright-demo-'));
  const workspace = { root, mesh: join(root, 'mesh'), state: join(root, 'state'), logs: join(root, 'logs') };
  for (const folder of [workspace.mesh, workspace.state, workspace.logs]) mkdirSync(folder);
  return workspace;
}

/**
 * Copies the manifests with free ports filled in; the same name is the same port in all of them.
 * @param more a folder of this project with further ones, some of them in place of those of the shop
 */
export function writeManifests(
  workspace: Workspace,
  ports: PortBlock,
  more: string | undefined,
): ReadonlyMap<string, number> {
  const shop = join(import.meta.dirname, '../manifests');
  const files = new Map<string, string>();
  for (const folder of more === undefined ? [shop] : [shop, more])
    for (const file of readdirSync(folder)) files.set(file, join(folder, file));
  const chosen = new Map<string, number>();
  for (const [file, path] of files) {
    const text = readFileSync(path, 'utf8');
    for (const name of portNames(text)) if (!chosen.has(name)) chosen.set(name, ports.take());
    writeFileSync(join(workspace.mesh, file), fillPorts(text, chosen));
  }
  return chosen;
}
