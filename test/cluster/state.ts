// The note that a supervisor leaves of its running cluster, for `down` and for a second `up`.
// Entries: readState, writeState.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Layout } from './layout.ts';

const State = z.object({
  /** Of the supervisor: the cluster ends with it. */
  pid: z.int(),
  kubeconfig: z.string(),
});
export type State = z.infer<typeof State>;

export async function writeState(layout: Layout, state: State): Promise<void> {
  await writeFile(statePath(layout), `${JSON.stringify(state, null, 2)}\n`);
}

/** undefined: no supervisor of this cluster is alive. */
export async function readState(layout: Layout): Promise<State | undefined> {
  const content = await readFile(statePath(layout), 'utf8').catch(() => undefined);
  if (content === undefined) return undefined;
  const state = State.parse(JSON.parse(content));
  return (await isSupervisor(state.pid)) ? state : undefined;
}

/** The number may have been given to another process since. */
async function isSupervisor(pid: number): Promise<boolean> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.includes(supervisorPath);
}

export const supervisorPath = join(import.meta.dirname, 'supervisor.ts');

function statePath(layout: Layout): string {
  return join(layout.stateDir, 'state.json');
}
