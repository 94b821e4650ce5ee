// The example of a plug-in, as a process. Entry: startPlugin.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../kubernetes/child.ts';
import type { Closing } from './closing.ts';

/** The example of docs/plugins.md. What it prints. */
export async function startPlugin(
  port: number,
  closing: Closing,
): Promise<() => Promise<readonly unknown[]>> {
  const dir = await mkdtemp(join(tmpdir(), 'meshwright-plugin-'));
  closing.add(() => rm(dir, { recursive: true, force: true }));
  const log = join(dir, 'log');
  const program = 'docs/examples/telemetry/plugin/main.mjs';
  const command = [process.execPath, program, 'api/plugin/telemetry.proto', `127.0.0.1:${port}`];
  const child = await startChild(command, log);
  closing.add(() => child.kill());
  return async () =>
    (await readFile(log, 'utf8'))
      .split('\n')
      // The last line may not be complete.
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line): unknown => JSON.parse(line));
}
