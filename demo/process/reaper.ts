// Outlives the demo by a moment: when the demo is gone, however it went (its end of this process's stdin closes),
// kills the process groups that were still alive and removes the demo's folder. Run by children.ts.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [, , folder] = process.argv;
const groups = new Set<number>();

/** Lines `+<group>` and `-<group>`. */
function note(line: string): void {
  const group = Number(line.slice(1));
  if (!Number.isInteger(group) || group <= 1) return;
  if (line.startsWith('+')) groups.add(group);
  else groups.delete(group);
}

function reap(): void {
  for (const group of groups) {
    try {
      process.kill(-group, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

createInterface({ input: process.stdin }).on('line', note).on('close', reap);
