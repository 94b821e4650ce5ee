// What the runner does not do by itself, as Jest's own does: each test and each hook has a deadline; a beforeAll runs before the first
// test of its block that runs, and if it fails, none of them does; nor does a test whose beforeEach failed; `expect.assertions` counts;
// what nobody awaits fails the test; all of an error is printed; and what test files do at the exit of their process is done.
import { inspect } from 'node:util';
import { addEventHandler, getState } from 'jest-circus';

type Block = ReturnType<typeof getState>['currentDescribeBlock'];
type Run = () => Promise<void>;

interface Expectations {
  extractExpectedAssertionsErrors(): readonly { readonly error: Error }[];
}

/** For a hang only: what takes seconds may take a minute on a busy machine. */
const defaultMs = 300_000;
/** Those of before any test: it may replace them. */
const { clearTimeout, setImmediate, setTimeout } = globalThis;

const beforeAlls = new WeakMap<Block, Run[]>();
/** Blocks of which a test has run. */
const started = new WeakMap<Block, Promise<void>>();
/** A beforeEach of the next test failed. */
let isUnprepared = false;
/** Errors of what nobody awaited. */
const floating: unknown[] = [];
process.on('unhandledRejection', (error) => floating.push(error));
process.on('uncaughtException', (error) => floating.push(error));

// At the end the runner terminates its processes, and kills them a second later: whatever they have left open, they exit in time.
if (process.connected) for (const end of ['disconnect', 'SIGTERM']) process.once(end, () => process.exit());

addEventHandler((event) => {
  const { currentDescribeBlock: block } = getState();
  if (event.name === 'add_test') {
    const test = block.tests.at(-1);
    if (test?.fn !== undefined) test.fn = around(block, withDeadline(test.fn, test.timeout), testBody);
  } else if (event.name === 'add_hook') {
    const hook = block.hooks.at(-1);
    if (hook !== undefined) hook.fn = hookOf(event.hookType, block, withDeadline(hook.fn, hook.timeout));
  }
});

function hookOf(type: string, block: Block, run: Run): Run {
  if (type === 'beforeEach') return around(block, run, beforeEachBody);
  if (type !== 'beforeAll') return async () => (started.has(block) ? printing(run) : undefined);
  beforeAlls.set(block, [...(beforeAlls.get(block) ?? []), run]);
  return () => Promise.resolve();
}

function around(block: Block, run: Run, body: (run: Run) => Promise<void>): Run {
  return () =>
    printing(async () => {
      await start(block);
      await body(run);
    });
}

/** The beforeAll of a block failed: the first of its tests says why. */
class SetUpError extends Error {
  isTold = false;
}

function start(block: Block): Promise<void> {
  const known = started.get(block);
  if (known !== undefined) return known;
  const begun = (async (): Promise<void> => {
    if (block.parent !== undefined) await start(block.parent);
    for (const run of beforeAlls.get(block) ?? []) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await run().catch((cause: unknown) => Promise.reject(new SetUpError('beforeAll', { cause })));
    }
  })();
  started.set(block, begun);
  return begun;
}

async function beforeEachBody(run: Run): Promise<void> {
  try {
    await run();
  } catch (error) {
    isUnprepared = true;
    throw error;
  }
}

async function testBody(run: Run): Promise<void> {
  const isReady = !isUnprepared;
  isUnprepared = false;
  if (!isReady) throw new Error('Not run: its beforeEach failed.');
  try {
    await run();
    // What nobody awaits is told of by then.
    await new Promise(setImmediate);
  } catch (error) {
    floating.unshift(error);
  }
  for (const { error } of expectations().extractExpectedAssertionsErrors()) floating.push(error);
  if (floating.length > 0) throw floating.splice(0)[0];
}

function expectations(): Expectations {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- jest-light-runner sets it
  return (globalThis as unknown as { readonly expect: Expectations }).expect;
}

function withDeadline(run: unknown, timeout: number | null | undefined): Run {
  const ms = timeout ?? defaultMs;
  return async () => {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`It took more than ${ms / 1000} s.`)), ms);
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of tests with `done` there are none
      await Promise.race([(run as () => unknown)(), promise]);
    } finally {
      clearTimeout(timer);
    }
  };
}

async function printing(run: Run): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof SetUpError)) throw printable(error);
    // oxlint-disable-next-line preserve-caught-error -- it is told once
    if (error.isTold) throw new Error('Not run: the beforeAll of its block failed.');
    error.isTold = true;
    throw printable(error.cause);
  }
}

/** The runner prints the stack, and nothing that caused it. */
function printable(error: unknown): Error {
  const isWhole = error instanceof Error && error.cause === undefined && !(error instanceof AggregateError);
  if (isWhole && error.stack !== undefined) return error;
  const result = new Error('A test failed.', { cause: error });
  result.stack = inspect(error);
  return result;
}
