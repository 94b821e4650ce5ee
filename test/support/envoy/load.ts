// Applications that answer, and a steady load on one port, both in a process of their own. Entry: startLoadProcess.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface LoadTarget {
  /** Of the loopback address. */
  readonly port: number;
  /** The Host header. */
  readonly host: string;
  readonly perSecond: number;
}

export interface LoadCounts {
  readonly sent: number;
  /** Answered with 200. */
  readonly ok: number;
  readonly slowestMs: number;
  /** `503 no healthy upstream` → how often. */
  readonly failures: Readonly<Record<string, number>>;
}

export type LoadCommand =
  | { readonly do: 'answer'; readonly words: readonly string[] }
  | { readonly do: 'load'; readonly target: LoadTarget }
  | { readonly do: 'stop' };

export interface LoadProcess {
  /** Starts an application for each of the words, which it answers with; resolves to their ports. */
  applications(words: readonly string[]): Promise<readonly number[]>;
  /** One load at a time. */
  start(target: LoadTarget): Promise<void>;
  /** Ends the load: resolves when everything that was asked has been answered. */
  stop(): Promise<LoadCounts>;
  close(): Promise<void>;
}

export function startLoadProcess(): LoadProcess {
  const child = fork(join(import.meta.dirname, 'load-process.ts'), [], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ask = async <T>(command: LoadCommand): Promise<T> => {
    const answered = once(child, 'message');
    child.send(command);
    const [{ result }] = (await answered) as [{ readonly result: T }];
    return result;
  };
  return {
    applications: (words) => ask({ do: 'answer', words }),
    start: (target) => ask({ do: 'load', target }),
    stop: () => ask({ do: 'stop' }),
    close: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
