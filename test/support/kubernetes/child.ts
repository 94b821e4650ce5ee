// A process that cannot outlive the test process: its shell holds a pipe from us, and when that closes, however
// we died, it kills the process. Entry: startChild.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';

/** The subshell reads the pipe for ever; `exec` gives the program the shell's own process id. */
const dieWithParent = 'exec 3<&0; (read -r _ <&3; kill -KILL $$) >/dev/null 2>&1 & exec "$@" 3<&- </dev/null';

export interface Child {
  readonly pid: number;
  running(): boolean;
  /** The end of what it printed, for error messages. */
  tail(): Promise<string>;
  /** Sends it a signal, for example SIGSTOP and later SIGCONT; nothing if it has ended. */
  signal(signal: NodeJS.Signals): void;
  /** Its exit code once it has ended; null: a signal ended it. */
  readonly ended: Promise<number | null>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
}

/** Starts `command` with stdout and stderr appended to `logFile`. */
export async function startChild(command: readonly string[], logFile: string): Promise<Child> {
  const log = await open(logFile, 'a');
  const child = spawn('/bin/sh', ['-c', dieWithParent, 'sh', ...command], {
    stdio: ['pipe', log.fd, log.fd],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  // EPIPE when the program is gone before we close our end: the exit says it all.
  child.stdin?.on('error', () => undefined);
  try {
    await once(child, 'spawn');
  } finally {
    await log.close();
  }
  return {
    pid: child.pid ?? 0,
    running: () => isRunning(child),
    tail: async () => (await readFile(logFile, 'utf8')).slice(-2000),
    signal: (signal) => {
      child.kill(signal);
    },
    ended,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
