// What the runner does not do by itself: each test and each hook gets a deadline, nothing of a block runs whose beforeAll
// has failed, and all of an error is printed.
import { inspect } from 'node:util';
import { addEventHandler, getState } from 'jest-circus';

type Block = ReturnType<typeof getState>['currentDescribeBlock'];
type Run = () => unknown;

/** For a hang only: what takes seconds may take a minute on a busy machine. */
const defaultMs = 300_000;
/** Why the beforeAll of a block has failed. */
const failed = new Map<Block, unknown>();

addEventHandler((event) => {
  if (event.name !== 'add_test' && event.name !== 'add_hook') return;
  const { currentDescribeBlock: block } = getState();
  const added = event.name === 'add_test' ? block.tests.at(-1) : block.hooks.at(-1);
  if (added?.fn === undefined) return;
  const isCleanup = event.name === 'add_hook' && event.hookType.startsWith('after');
  const run = withDeadline(added.fn as Run, added.timeout ?? defaultMs);
  added.fn = async () => {
    if (!isCleanup) throwIfFailed(block);
    try {
      await run();
    } catch (error) {
      if (event.name === 'add_hook' && event.hookType === 'beforeAll') failed.set(block, error);
      throw printable(error);
    }
  };
});

function throwIfFailed(block: Block): void {
  for (let at: Block | undefined = block; at !== undefined; at = at.parent) {
    if (failed.has(at))
      throw new Error('Not run: the beforeAll of its block failed.', { cause: failed.get(at) });
  }
}

function withDeadline(run: Run, ms: number): () => Promise<void> {
  return async () => {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`It took more than ${ms / 1000} s.`)), ms);
    try {
      await Promise.race([run(), promise]);
    } finally {
      clearTimeout(timer);
    }
  };
}

/** The runner prints the stack, and nothing that caused it. */
function printable(error: unknown): Error {
  const isWhole = error instanceof Error && error.cause === undefined && !(error instanceof AggregateError);
  if (isWhole && error.stack !== undefined) return error;
  const result = new Error('A test failed.', { cause: error });
  result.stack = inspect(error);
  return result;
}
