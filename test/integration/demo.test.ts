// The demo as users run it: every scene holds, two run side by side, and none leaves a process or a folder behind.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { projectPath } from '../../demo/process/children.ts';
import { waitFor } from '../../demo/process/wait.ts';
import { findCollector } from '../../demo/programs/collector.ts';

const collector = await findCollector();
if (!collector.available)
  process.stderr.write(`NOT RUN: the demo with a real collector. ${collector.reason}\n`);

const onceMs = 300_000;
/** Inherited by everything that a demo starts; by it the leftovers are found. */
const markerName = 'MESHWRIGHT_DEMO_TEST';

interface Demo {
  readonly process: ChildProcess;
  readonly marker: string;
  /** What it has printed so far, errors included. */
  output(): string;
}

const started: Demo[] = [];

afterEach(() => {
  for (const { process: demo } of started.splice(0)) demo.kill('SIGKILL');
});

function startDemo(...args: readonly string[]): Demo {
  const marker = `${markerName}=${randomUUID()}`;
  const env = { ...environment(), [markerName]: marker.slice(markerName.length + 1) };
  const demo = spawn(process.execPath, [projectPath('demo/main.ts'), ...args], { env });
  let printed = '';
  const print = (part: string): unknown => (printed += part);
  demo.stdout.setEncoding('utf8').on('data', print);
  demo.stderr.setEncoding('utf8').on('data', print);
  const running = { process: demo, marker, output: () => printed };
  started.push(running);
  return running;
}

function environment(): NodeJS.ProcessEnv {
  // oxlint-disable-next-line node/no-process-env -- handed on whole, to mark what a demo starts
  return process.env;
}

/** Process ids of whatever carries the marker; only where /proc exists. */
function leftovers(marker: string): number[] {
  const pids = existsSync('/proc') ? readdirSync('/proc').map(Number).filter(Number.isInteger) : [];
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(marker);
    } catch {
      return false;
    }
  });
}

/** What is left at the deadline, or nothing as soon as nothing is left. */
async function leftoversAfter(deadlineMs: number, marker: string): Promise<number[]> {
  const signal = new AbortController().signal;
  const probe = (): number[] | undefined => (leftovers(marker).length === 0 ? [] : undefined);
  return waitFor(probe, { what: 'all processes to end', deadlineMs, signal }).catch(() => leftovers(marker));
}

interface End {
  readonly code: number | null;
  readonly output: string;
  readonly left: readonly number[];
  readonly isFolderLeft: boolean;
}

async function endOf(demo: Demo): Promise<End> {
  await once(demo.process, 'close');
  const output = demo.output();
  const folder = /\S*meshwright-demo-\w+/.exec(output)?.[0];
  const isFolderLeft = folder !== undefined && existsSync(folder);
  return { code: demo.process.exitCode, output, left: leftovers(demo.marker), isFolderLeft };
}

/** Resolves when the first scene begins: everything runs by then. */
async function firstScene(demo: Demo): Promise<void> {
  const probe = (): true | undefined => {
    if (demo.process.exitCode !== null) throw new Error(`the demo ended early: ${demo.output()}`);
    return demo.output().includes('──') ? true : undefined;
  };
  await waitFor(probe, {
    what: 'the first scene',
    deadlineMs: 150_000,
    signal: new AbortController().signal,
  });
}

describe('make demo', () => {
  test(
    'plays every scene with its checks passed, twice at the same time, and leaves nothing behind',
    async () => {
      const ends = await Promise.all([startDemo('--once'), startDemo('--once')].map(endOf));

      // The output explains a failure better than an exit code.
      expect(ends.map(({ output }) => output.split('\n').filter((line) => line.includes('NOT SO')))).toEqual([
        [],
        [],
      ]);
      expect(ends.map(({ code, output }) => (code === 0 ? 'passed' : output))).toEqual(['passed', 'passed']);
      expect(ends.map(({ left, isFolderLeft }) => ({ left, isFolderLeft }))).toEqual([
        { left: [], isFolderLeft: false },
        { left: [], isFolderLeft: false },
      ]);
    },
    onceMs,
  );

  (collector.available ? test : test.skip)(
    '--telemetry: what Prometheus, a collector, a plug-in and the dashboard say is what was done',
    async () => {
      const { code, output, left, isFolderLeft } = await endOf(startDemo('--telemetry', '--once'));

      expect(code === 0 ? 'passed' : output).toBe('passed');
      expect(output).toMatch(/all → ratings +requests +380( +380){5}$/m);
      expect({ left, isFolderLeft }).toEqual({ left: [], isFolderLeft: false });
    },
    onceMs,
  );

  test(
    'prints no escape sequences where there is no terminal',
    async () => {
      const { output } = await endOf(startDemo('--help'));

      expect(output).toContain('Usage: node demo/main.ts');
      // oxlint-disable-next-line no-control-regex -- escape sequences are what it looks for
      expect(output).not.toMatch(/\u001B/);
    },
    onceMs,
  );

  test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'leaves no process behind after %s',
    async (signal) => {
      const demo = startDemo();
      await firstScene(demo);
      expect(leftovers(demo.marker).length).toBeGreaterThan(10);

      demo.process.kill(signal);
      await once(demo.process, 'close');

      expect(await leftoversAfter(60_000, demo.marker)).toEqual([]);
    },
    onceMs,
  );
});
