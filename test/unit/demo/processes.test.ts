// Processes and ports of a demo: none is left behind, whichever way it ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { DemoError } from '../../../demo/demo-error.ts';
import { Children, projectPath, type ChildSpec } from '../../../demo/process/children.ts';
import { errorIn, lastWords, loggedError } from '../../../demo/process/last-words.ts';
import { reservePorts } from '../../../demo/process/ports.ts';
import { waitFor } from '../../../demo/process/wait.ts';

const never = new AbortController().signal;
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshwright-test-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A Node process that runs the script. */
function node(script: string): ChildSpec {
  const output = { stdout: join(folder, 'stdout'), stderr: join(folder, 'stderr') };
  return { name: 'the sleeper', command: process.execPath, args: ['-e', script], cwd: folder, ...output };
}

/** Starts a child of its own, in the same process group, and writes its process id to the file `pid`. */
const parent = `
  const { pid } = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  require('node:fs').writeFileSync('pid', String(pid));
  setInterval(() => {}, 1000);
`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie that its parent has not looked at yet is dead.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function pidInFile(): Promise<number> {
  const path = join(folder, 'pid');
  const read = (): number | undefined =>
    (existsSync(path) && Number(readFileSync(path, 'utf8'))) || undefined;
  return waitFor(read, { what: 'a process id', deadlineMs: 60_000, signal: never });
}

async function isGone(pid: number): Promise<true> {
  const probe = (): true | undefined => (isAlive(pid) ? undefined : true);
  return waitFor(probe, { what: `process ${pid} to end`, deadlineMs: 60_000, signal: never });
}

describe('Children', () => {
  test('says who ended without being told to, and its last words', async () => {
    const deaths: DemoError[] = [];
    const children = new Children(undefined, (error) => deaths.push(error));

    await children.start(node('console.error("out of luck"); process.exit(3)'));
    await waitFor(() => deaths[0], { what: 'a death', deadlineMs: 60_000, signal: never });
    await children.stopAll();

    expect(deaths.map(({ message }) => message)).toEqual([
      'The sleeper ended unexpectedly with exit code 3; its last words: out of luck',
    ]);
  });

  test('stops a child with its own children, and does not call that unexpected', async () => {
    const deaths: DemoError[] = [];
    const children = new Children(undefined, (error) => deaths.push(error));
    await children.start(node(parent));
    const grandchild = await pidInFile();

    await children.stopAll();

    expect(await isGone(grandchild)).toBe(true);
    expect(deaths).toEqual([]);
  });

  test('starts nothing once all is being stopped', async () => {
    const children = new Children(undefined, () => undefined);
    await children.stopAll();

    await expect(children.start(node(parent))).rejects.toThrow('Did not start the sleeper');
  });

  test('says which program cannot be started', async () => {
    const children = new Children(undefined, () => undefined);

    await expect(children.start({ ...node(''), command: '/no/such/program' })).rejects.toThrow(
      'Could not start the sleeper (/no/such/program): spawn /no/such/program ENOENT.',
    );

    await children.stopAll();
  });

  test('are killed, and the folder removed, when the demo is killed', async () => {
    const module = pathToFileURL(projectPath('demo/process/children.ts')).href;
    const doomed = join(folder, 'doomed');
    const script = `
      const { Children } = await import(${JSON.stringify(module)});
      const { mkdirSync } = await import('node:fs');
      mkdirSync(${JSON.stringify(doomed)});
      await new Children(${JSON.stringify(doomed)}, () => {}).start(${JSON.stringify(node(parent))});
      setInterval(() => {}, 1000);
    `;
    const demo = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
      stdio: 'ignore',
    });
    const grandchild = await pidInFile();
    expect(isAlive(grandchild)).toBe(true);

    demo.kill('SIGKILL');
    await once(demo, 'exit');

    expect(await isGone(grandchild)).toBe(true);
    const probe = (): true | undefined => (existsSync(doomed) ? undefined : true);
    expect(await waitFor(probe, { what: 'the folder to go', deadlineMs: 60_000, signal: never })).toBe(true);
  });
});

test.each([
  ['TypeError: x is not y\n    at main.ts:1\n\nNode.js v24.1.0\n', 'TypeError: x is not y'],
  ['starting\ncannot listen: port taken\n\n', 'cannot listen: port taken'],
  ['\n', undefined],
])('the last words of %j are %j', (output, words) => {
  expect(lastWords(output)).toBe(words);
});

test('an error of Envoy is told, its warnings are not', () => {
  const error = '[2026-11-23][1][critical][main] cannot bind';

  expect([errorIn(`${error}\n[x][warning] y\n`), errorIn('[x][warning] y\n')]).toEqual([error, undefined]);
});

test('the last error of a log is told with its cause; other lines are not', () => {
  const lines = [
    { level: 50, msg: 'it ends', error: { message: 'port taken' } },
    { level: 30, msg: 'stopped' },
  ].map((line) => JSON.stringify(line));

  expect([loggedError(lines.join('\n')), loggedError('no json\n')]).toEqual([
    'it ends: port taken',
    undefined,
  ]);
});

describe('reservePorts', () => {
  test('gives two demos ports that are not the same', async () => {
    const [one, other] = [await reservePorts(10), await reservePorts(10)];

    const ports = [one, other].flatMap((block) => Array.from({ length: 10 }, () => block.take()));
    await Promise.all([one.release(), other.release()]);

    expect(new Set(ports).size).toBe(20);
  });
});

describe('waitFor', () => {
  test('says at the deadline what was waited for and what was seen', async () => {
    const waiting = waitFor(() => undefined, {
      what: 'rain',
      deadlineMs: 10,
      signal: never,
      seen: () => 'The sun shone.',
    });

    await expect(waiting).rejects.toThrow('Waited 0.01 s for rain. The sun shone.');
  });

  test('ends with the reason of its signal', async () => {
    const waiting = waitFor(() => undefined, {
      what: 'rain',
      deadlineMs: 60_000,
      signal: AbortSignal.abort(new Error('enough')),
    });

    await expect(waiting).rejects.toThrow('enough');
  });
});
