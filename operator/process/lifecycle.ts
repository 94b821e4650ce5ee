// Parts of the process: started in order, stopped in reverse, each within a bound. Entry: runComponents. It
// knows nothing of what the parts do, nor of signals of the operating system (main.ts does).
import type { Log } from './log.ts';

export interface Component {
  readonly name: string;
  /** Resolves when it is able to work; goes on in the background until `stop`. Rejects if it can never work. */
  start(): Promise<void>;
  /** Ends everything it started, within a bound. */
  stop(): Promise<void>;
  /** Whether it works at this moment; /readyz asks. */
  ready(): boolean;
}

/** Nothing to start, but something to end. */
export function closing(name: string, close: () => void): Component {
  const stop = (): Promise<void> => {
    close();
    return Promise.resolve();
  };
  return { name, start: () => Promise.resolve(), stop, ready: () => true };
}

export interface RunOptions {
  readonly log: Log;
  /** Aborting while components start gives up: what had started is stopped and runComponents rejects. */
  readonly signal?: AbortSignal;
  /** How long one component may take to stop before the next one is stopped all the same. Default: 10,000 ms. */
  readonly stopTimeoutMs?: number;
}

/** Components that have all started. */
export interface Running {
  /** Whether every component works at this moment. */
  ready(): boolean;
  /** Stops all in reverse order; a second call waits for the first. Never rejects: failures are logged. */
  stop(): Promise<void>;
}

/**
 * Starts components one after the other. If one fails, those that had started are stopped in reverse and the
 * promise rejects with an error that names the component, its `cause` being what was thrown.
 */
export async function runComponents(components: readonly Component[], options: RunOptions): Promise<Running> {
  const begun: Component[] = [];
  for (const component of components) {
    begun.push(component);
    try {
      await startOrAbort(component, options.signal);
    } catch (error) {
      // A start that failed has cleaned up after itself; one that was given up is still at work and needs its stop.
      if (options.signal?.aborted !== true) begun.pop();
      await stopAll(begun, options);
      throw new Error(`Component ${component.name} did not start: ${messageOf(error)}`, { cause: error });
    }
    options.log.info({ component: component.name }, 'component started');
  }

  let stopping: Promise<void> | undefined;
  return {
    ready: () => components.every((component) => component.ready()),
    stop: () => (stopping ??= stopAll(begun, options)),
  };
}

async function startOrAbort(component: Component, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return component.start();
  signal.throwIfAborted();
  const startOver = new AbortController();
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: startOver.signal });
  });
  try {
    await Promise.race([component.start(), aborted]);
  } finally {
    startOver.abort();
  }
}

async function stopAll(components: readonly Component[], options: RunOptions): Promise<void> {
  for (const component of components.toReversed()) {
    const { name } = component;
    try {
      await withBound(component.stop(), options.stopTimeoutMs ?? 10_000);
      options.log.info({ component: name }, 'component stopped');
    } catch (error) {
      options.log.error({ component: name, error }, 'component did not stop cleanly');
    }
  }
}

async function withBound(work: Promise<void>, boundMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`It was still at work after ${boundMs} ms.`)), boundMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
