// What `meshwright dashboard` asks of the cluster: by kubectl, so that whatever credentials a kubeconfig names work as they do elsewhere.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

export class Kubectl {
  readonly #options: readonly string[];

  /** `options`: before each command. */
  constructor(options: readonly string[]) {
    this.#options = options;
  }

  /** What it prints. @throws Error with what it says */
  async run(...args: readonly string[]): Promise<string> {
    // A cluster that does not answer is a failure, too.
    const child = this.#spawn(['--request-timeout=15s', ...args]);
    const [printed, said, code] = await Promise.all([text(child.stdout), text(child.stderr), ended(child)]);
    if (code === 0) return printed.trim();
    throw new Error(`kubectl ${args[0] ?? ''}: ${said.trim()}`);
  }

  /** A local port that leads to that of the pod, until the signal aborts. `onEnd` is called if it ends before. */
  async forward(pod: string, port: string, { signal, onEnd }: Forwarding): Promise<number> {
    const child = this.#spawn(['port-forward', `pod/${pod}`, `:${port}`, '--address', '127.0.0.1']);
    signal.addEventListener('abort', () => child.kill(), { once: true });
    const said = text(child.stderr);
    const end = ended(child).then(async () => (await said).trim());
    for await (const line of createInterface({ input: child.stdout })) {
      const local = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (local === undefined) continue;
      child.stdout.resume();
      void end.then(onEnd, onEnd);
      return Number(local);
    }
    throw new Error(`kubectl port-forward: ${await end}`);
  }

  #spawn(args: readonly string[]): Child {
    return spawn('kubectl', [...this.#options, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  }
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

interface Forwarding {
  readonly signal: AbortSignal;
  readonly onEnd: () => void;
}

/** Its exit code. @throws Error if it cannot be run */
function ended(child: Child): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      reject(new Error('kubectl cannot be run. Install it, and put it on the PATH.', { cause }));
    });
    child.once('close', resolve);
  });
}
