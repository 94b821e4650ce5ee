// Every process the demo starts. Each leads a process group of its own, so that Ctrl-C in the terminal reaches only
// the demo and that stopping one also stops what it started; a reaper kills them if the demo dies without a word.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DemoError } from '../demo-error.ts';
import { errorIn, lastWords, loggedError } from './last-words.ts';

export interface ChildSpec {
  /** As people say it: `the operator`, `the sidecar of ratings`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Files that its output is appended to. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Sends a signal and resolves when the process is gone; SIGKILL follows after `graceMs` (default 3 s). */
  stop(signal: NodeJS.Signals, graceMs?: number): Promise<void>;
}

export class Children {
  readonly #reaper: ChildProcess;
  readonly #alive = new Set<Child>();
  #isClosed = false;
  readonly #onDeath: (error: DemoError) => void;

  /** `onDeath` hears of a process that ended without being told to. `folder` is removed when the demo is gone. */
  constructor(folder: string | undefined, onDeath: (error: DemoError) => void) {
    this.#onDeath = onDeath;
    const script = join(import.meta.dirname, 'reaper.ts');
    const args = folder === undefined ? [script] : [script, folder];
    this.#reaper = spawn(process.execPath, args, {
      detached: true,
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#reaper.stdin?.on('error', () => undefined);
    this.#reaper.unref();
  }

  /** @throws DemoError if the program cannot be started. */
  async start(spec: ChildSpec): Promise<Child> {
    if (this.#isClosed) throw new DemoError(`Did not start ${spec.name}: everything is being stopped.`);
    const stdout = openSync(spec.stdout, 'a');
    const stderr = openSync(spec.stderr, 'a');
    const spawned = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      detached: true,
      stdio: ['ignore', stdout, stderr],
    });
    closeSync(stdout);
    closeSync(stderr);
    const child = this.#track(spawned, spec);
    await started(spawned, spec);
    return child;
  }

  #track(spawned: ChildProcess, spec: ChildSpec): Child {
    const { pid } = spawned;
    if (pid === undefined) return { name: spec.name, pid: 0, stop: () => Promise.resolve() };
    const ended = new Promise((resolve) => spawned.once('exit', resolve));
    let isExpected = false;
    const child: Child = {
      name: spec.name,
      pid,
      stop: async (signal, graceMs = 3000) => {
        isExpected = true;
        killGroup(pid, signal);
        const timer = setTimeout(() => killGroup(pid, 'SIGKILL'), graceMs);
        await ended;
        clearTimeout(timer);
      },
    };
    this.#alive.add(child);
    this.#tellReaper(`+${pid}`);
    spawned.once('exit', () => {
      this.#alive.delete(child);
      killGroup(pid, 'SIGKILL');
      this.#tellReaper(`-${pid}`);
      if (!isExpected) this.#onDeath(new DemoError(describeDeath(spawned, spec)));
    });
    return child;
  }

  #tellReaper(line: string): void {
    this.#reaper.stdin?.write(`${line}\n`);
  }

  /** Stops all, and the reaper last; nothing can be started any more. */
  async stopAll(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#alive].map((child) => child.stop('SIGTERM')));
    const gone = new Promise((resolve) => this.#reaper.once('exit', resolve));
    this.#reaper.ref();
    this.#reaper.stdin?.end();
    if (this.#reaper.exitCode === null && this.#reaper.signalCode === null) await gone;
  }
}

/** Node's own program for a module of the demo or the operator: an absolute path from the project's root. */
export function projectPath(relative: string): string {
  return fileURLToPath(new URL(`../../${relative}`, import.meta.url));
}

function started(spawned: ChildProcess, spec: ChildSpec): Promise<void> {
  return new Promise((resolve, reject) => {
    spawned.once('spawn', resolve);
    spawned.once('error', (error) => {
      reject(new DemoError(`Could not start ${spec.name} (${spec.command}): ${error.message}.`));
    });
  });
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}

function describeDeath({ exitCode, signalCode }: ChildProcess, spec: ChildSpec): string {
  const how = signalCode === null ? `with exit code ${exitCode}` : `by ${signalCode}`;
  const [stderr, stdout] = [readFileSync(spec.stderr, 'utf8'), readFileSync(spec.stdout, 'utf8')];
  // Whoever was killed did not know: what it happened to say last would only mislead.
  const words = loggedError(stdout) ?? (signalCode === null ? lastWords(stderr) : errorIn(stderr));
  return `${capital(spec.name)} ended unexpectedly ${how}${words === undefined ? '.' : `; its last words: ${words}`}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
