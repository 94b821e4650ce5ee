// `meshwright dashboard` as a process.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

const program = join(import.meta.dirname, '../../../operator/dashboard.ts');

export type Dashboard = ChildProcessByStdio<null, Readable, Readable>;

interface Started {
  /** Where programs are sought before PATH: kubectl, the browser. */
  readonly programs: string;
  readonly home?: string;
}

export function startDashboard(options: readonly string[], { programs, home }: Started): Dashboard {
  const PATH = `${programs}:${process.env['PATH'] ?? ''}`;
  return spawn(process.execPath, [program, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(home === undefined ? {} : { HOME: home }), NODE_OPTIONS: '', PATH },
  });
}

/** With its key. Throws with what it says if it ends before. */
export async function addressOf(child: Dashboard): Promise<string> {
  const said = text(child.stderr);
  for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('http')) return line;
  throw new Error(await said);
}

export async function stopDashboard(child: Dashboard): Promise<void> {
  child.kill();
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
}
