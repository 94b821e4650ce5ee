// How tests are run: whatever fails is seen to fail (test/runner/around-tests.ts).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';

const Results = z.object({
  testResults: z.array(
    z.object({
      assertionResults: z.array(
        z.object({ title: z.string(), status: z.string(), failureMessages: z.array(z.string()) }),
      ),
    }),
  ),
});
type Result = z.infer<typeof Results>['testResults'][number]['assertionResults'][number];

const folder = mkdtempSync(join(tmpdir(), 'meshwright-runner-'));
/** Removed when the process of the fixtures ends. */
const left = join(folder, 'left');
afterAll(() => rmSync(folder, { recursive: true }));

/** Of the fixtures, in processes of their own, or in Jest's. */
function run(...args: readonly string[]): {
  readonly status: number | null;
  readonly printed: string;
  readonly isLeft: boolean;
  readonly results: readonly Result[];
} {
  writeFileSync(left, '');
  const output = join(folder, 'results.json');
  const fixtures = ['--testMatch', '**/runner/fixtures/*.ts', '--json', `--outputFile=${output}`];
  const { status, stdout } = spawnSync(process.execPath, ['node_modules/.bin/jest', ...fixtures, ...args], {
    encoding: 'utf8',
    // oxlint-disable-next-line node/no-process-env -- handed on whole
    env: { ...process.env, MESHWRIGHT_LEFT: left },
  });
  const { testResults } = Results.parse(JSON.parse(readFileSync(output, 'utf8')));
  return {
    status,
    printed: stdout,
    isLeft: existsSync(left),
    results: testResults.flatMap(({ assertionResults }) => assertionResults),
  };
}

let seen: ReturnType<typeof run>;

beforeAll(() => {
  seen = run('--maxWorkers=2');
});

test.each([
  ['hangs', 'It took more than 0.05 s.'],
  ['expects two', 'expected two assertions'],
  ['expects something', 'at least one assertion'],
  ['floats', 'Expected: 2'],
  ['throws a string', 'a string'],
  ['throws for a reason', 'inner'],
  ['2 is one', 'Expected: 1'],
  ['hang, too', 'It took more than 0.05 s.'],
  ['is told', 'no set-up'],
  ['is not run', 'Not run: the beforeAll of its block failed.'],
  ['is not run, either', 'Not run: its beforeEach failed.'],
])('"%s" fails', (title, message) => {
  const result = seen.results.find((one) => one.title === title);

  expect(result?.status).toBe('failed');
  expect(result?.failureMessages.join('').toLowerCase()).toContain(message.toLowerCase());
});

test('the others pass or are skipped, and Jest fails', () => {
  const others = seen.results
    .filter(({ status }) => status !== 'failed')
    .map(({ title, status }) => `${title}: ${status}`);

  expect(others).toEqual(['1 is one: passed', 'passes after all of these: passed', 'this: pending']);
  expect(seen.status).toBe(1);
});

test('after a beforeAll that failed, things are cleaned up, and no test has run', () => {
  expect(seen.printed.match(/(?<=\[)[a-z ]+(?=\]\n)/g)).toEqual(['cleaned']);
});

test('whatever is left open, what is to be done at the exit is done', () => {
  expect(seen.isLeft).toBe(false);
});

test('of blocks without a test that is asked for, nothing is set up', () => {
  const { status, printed, results } = run('--maxWorkers=1', '-t', 'passes after all');

  expect(results.filter(({ status: it }) => it === 'passed')).toHaveLength(1);
  expect(printed).not.toMatch(/\[[a-z ]+\]\n/);
  expect(status).toBe(0);
});
