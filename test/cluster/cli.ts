// What the command lines of prepare.ts, up.ts, down.ts and supervisor.ts have in common. Entries: indexFromArguments, runMain.
import { parseArgs } from 'node:util';

/** `--index N`; default 0. `--newest` may stand beside it. */
export function indexFromArguments(): number {
  const { values } = parseArgs({
    options: { index: { type: 'string', default: '0' }, newest: { type: 'boolean' } },
  });
  return Number(values.index);
}

/** `--newest`: with the newest Kubernetes instead of the usual one. */
export function isNewestFromArguments(): boolean {
  const { values } = parseArgs({
    options: { index: { type: 'string' }, newest: { type: 'boolean', default: false } },
  });
  return values.newest;
}

/** Prints lines as they come. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs a command; an error becomes its message and exit code 1. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
