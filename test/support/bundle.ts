// The files that the image runs, written by a process of its own: esbuild keeps a helper process for whoever calls it, until that one
// ends. Jest, with six of these, was seen not to end: it spun in Node's clean-up after its last test.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const program = join(import.meta.dirname, '../../deploy/bundle/main.ts');

/** Rejects with what esbuild says if it fails. */
export async function bundleInto(folder: string): Promise<void> {
  await promisify(execFile)(process.execPath, [program, folder]);
}
