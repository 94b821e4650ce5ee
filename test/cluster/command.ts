// Runs a command to its end, with a deadline. Entries: run (a failure is a code), must (a failure is an error).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { CommandResult } from '../support/kubernetes.ts';

export interface RunOptions {
  readonly stdin?: string;
  /** Then it gets SIGKILL; default 120,000. */
  readonly deadlineMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

const defaultDeadlineMs = 120_000;

/** The code of a command that was killed at its deadline is 137, that of one that does not exist 127. */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    // Not the option timeout: its timer stays when the program does not exist.
    signal: AbortSignal.timeout(options.deadlineMs ?? defaultDeadlineMs),
    killSignal: 'SIGKILL',
  });
  // A command that does not read its input closes the pipe early; its exit code says what happened.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  try {
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    return { code: child.exitCode ?? 137, stdout, stderr };
  } catch (error) {
    const code = child.pid === undefined ? 127 : 137;
    return { code, stdout: '', stderr: String(error) };
  }
}

/** Returns stdout. */
export async function must(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(command, options);
  if (code === 0) return stdout;
  const output = `${stdout}\n${stderr}`.trim().slice(-2000);
  throw new Error(`${command.join(' ')} failed with code ${code}: ${output}`);
}
