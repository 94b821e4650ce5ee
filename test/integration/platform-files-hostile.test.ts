// What may lie in a folder by mistake or malice: the operator reads on, says what is wrong, and serves what it served.
import { spawnSync } from 'node:child_process';
import { chmod, link, mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { admit } from '../../api/admission.ts';
import { type ObjectRef, refKey, refOf, type StoredObject } from '../../operator/objects/objects.ts';
import { createFilesPlatform } from '../../operator/platform/files/files-platform.ts';
import type { ObjectSink } from '../../operator/ports/platform.ts';
import { poll } from '../support/kubernetes/poll.ts';
import { rememberingLog } from '../support/remembering-log.ts';

let base: string;
let folder: string;
let sink: Sink;
let log: ReturnType<typeof rememberingLog>;
let stop: () => Promise<void>;

/** What is in force, and why the newest versions of the rest are not. */
class Sink implements ObjectSink {
  readonly objects = new Map<string, StoredObject>();
  readonly refusals = new Map<string, string>();
  isSynced = false;
  onRemove: (ref: ObjectRef) => void = () => undefined;

  upsert(object: StoredObject): void {
    this.objects.set(refKey(refOf(object)), object);
    this.refusals.delete(refKey(refOf(object)));
  }

  remove(ref: ObjectRef): void {
    this.onRemove(ref);
    this.objects.delete(refKey(ref));
    this.refusals.delete(refKey(ref));
  }

  reject(ref: ObjectRef, _generation: number, problems: readonly string[]): void {
    this.refusals.set(refKey(ref), problems.join(' '));
  }

  synced(): void {
    this.isSynced = true;
  }
}

const key = 'TrafficPolicy/shop/reviews';
const policy = (name = 'reviews', timeout = '3s'): string =>
  [
    'apiVersion: meshwright.dev/v1alpha1',
    'kind: TrafficPolicy',
    `metadata: {name: ${name}, namespace: shop}`,
    'spec:',
    '  targetRefs: [{kind: Service, name: reviews}]',
    `  routes: [{timeout: {request: ${timeout}}}]`,
    '',
  ].join('\n');
const at = (file: string): string => join(folder, file);

async function start(): Promise<void> {
  log = rememberingLog();
  sink = new Sink();
  const platform = createFilesPlatform({
    folder,
    stateFolder: join(base, 'state'),
    deletionGraceMs: 600,
    admit,
    log: log.log,
  });
  const end = new AbortController();
  const watching = platform.watch(sink, end.signal);
  stop = async () => {
    end.abort();
    await watching;
  };
  await until(() => sink.isSynced);
}

async function until(holds: () => boolean, deadlineMs = 60_000): Promise<void> {
  await poll(() => Promise.resolve(holds() || undefined), { intervalMs: 5, deadlineMs });
}

/** The folder is looked at, and what is written to it counts. */
async function expectAlive(): Promise<void> {
  const name = `alive-${Date.now()}`;
  await writeFile(at(`z-${name}.yaml`), policy(name));
  await until(() => sink.objects.has(`TrafficPolicy/shop/${name}`));
}

function warnings(): string[] {
  return log.lines.map(({ fields }) => String(Reflect.get(fields, 'problem')));
}

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'meshwright-hostile-'));
  folder = join(base, 'mesh');
  await mkdir(folder);
});

afterEach(async () => {
  await stop();
  await rm(base, { recursive: true, force: true });
});

type Make = (path: string) => Promise<unknown>;
const strangers: readonly (readonly [string, Make, RegExp])[] = [
  ['a named pipe', async (path) => void spawnSync('mkfifo', [path]), /is a named pipe, not a regular file/],
  ['a link to /dev/zero', async (path) => symlink('/dev/zero', path), /is a device, not a regular file/],
  ['a folder', async (path) => mkdir(path), /is a folder, not a regular file/],
  ['a link to itself', async (path) => symlink(path, path), /is a symbolic link that leads to itself/],
  [
    'a file of 50 MB',
    async (path) => grown(path, 50_000_000),
    /is too large \(50000000 bytes\): the limit is 1048576 bytes/,
  ],
  [
    'a file of 1 TB with nothing in it',
    async (path) => grown(path, 1e12),
    /is too large \(1000000000000 bytes\)/,
  ],
  ['a file whose reading fails', async (path) => symlink('/proc/self/mem', path), /cannot be read \(EIO\)/],
  [
    'bytes that are no UTF-8',
    async (path) => writeFile(path, Buffer.from([0x61, 0x3a, 0xff, 0x0a])),
    /is not valid UTF-8/,
  ],
  [
    'UTF-16',
    async (path) => writeFile(path, Buffer.from(`\ufeff${policy('other')}`, 'utf16le')),
    /is not valid UTF-8/,
  ],
  ['a NUL byte', async (path) => writeFile(path, `${policy('other')}\0\n`), /null byte/],
  [
    'two thousand documents',
    async (path) => writeFile(path, 'a: 1\n---\n'.repeat(2_000)),
    /more than 1000 documents/,
  ],
];

async function grown(path: string, size: number): Promise<void> {
  await writeFile(path, '');
  await truncate(path, size);
}

describe('in the folder', () => {
  test.each(strangers)('%s: it is told, and the other files count', async (_, make, problem) => {
    await writeFile(at('a.yaml'), policy());
    await make(at('x.yaml'));

    await start();

    expect(sink.objects.has(key)).toBe(true);
    expect(warnings()).toEqual([expect.stringMatching(/x\.yaml/)]);
    expect(warnings()).toEqual([expect.stringMatching(problem)]);
    await expectAlive();
  });

  test.each(strangers)(
    'in the place of a file, %s: an invalid edit of what the file said',
    async (_, make, problem) => {
      await writeFile(at('x.yaml'), policy());
      await start();

      await rename(at('x.yaml'), join(base, 'away'));
      await make(at('x.yaml'));
      await until(() => sink.refusals.has(key));

      expect(sink.objects.has(key)).toBe(true);
      expect(sink.refusals.get(key)).toMatch(problem);
      await rm(at('x.yaml'), { recursive: true });
      await rename(join(base, 'away'), at('x.yaml'));
      await until(() => !sink.refusals.has(key));
      expect(sink.objects.get(key)?.metadata.generation).toBe(1);
    },
  );

  test('a socket is told of', async () => {
    const server = createServer().listen(at('x.yaml'));
    await once(server, 'listening');

    await start();
    server.close();

    expect(warnings()).toEqual([expect.stringMatching(/^x\.yaml is a socket, not a regular file/)]);
  });

  test('a link to a file is read, and one to nothing is nothing', async () => {
    await writeFile(join(base, 'elsewhere'), policy());
    await symlink(join(base, 'elsewhere'), at('a.yaml'));
    await symlink(join(base, 'nowhere'), at('b.yaml'));
    await link(join(base, 'elsewhere'), at('c.txt'));

    await start();

    expect([...sink.objects.keys()]).toContain(key);
    expect(warnings()).toEqual([]);
  });

  test('a byte order mark and Windows line ends are no mistake', async () => {
    await writeFile(at('a.yaml'), `\ufeff${policy('one')}---\n${policy('two')}`.replaceAll('\n', '\r\n'));

    await start();

    expect([...sink.objects.keys()]).toEqual(
      expect.arrayContaining(['TrafficPolicy/shop/one', 'TrafficPolicy/shop/two']),
    );
    expect(warnings()).toEqual([]);
  });

  test.each([
    [
      'a number where a text belongs',
      policy('reviews', '1e300'),
      /spec\.routes\[0\]\.timeout\.request is a number/,
    ],
    [
      'a port of 30 digits',
      policy().replace('name: reviews}]', `name: reviews, port: ${'9'.repeat(30)}}]`),
      /targetRefs\[0\]\.port/,
    ],
    ['aliases that double', `${policy()}more:\n  a0: &a0 [x]\n${doubled(50)}`, /aliases/],
    ['nesting without end', `${policy()}more: ${'['.repeat(100_000)}`, /nesting exceeded/],
    ['a megabyte of commas', `${policy()}more: [${','.repeat(1_000_000)}`, /Not valid YAML/],
  ])('%s: an invalid edit, told with its line', async (_, text, problem) => {
    await writeFile(at('a.yaml'), policy());
    await start();

    await writeFile(at('a.yaml'), text);
    await until(() => sink.refusals.has(key));

    expect(sink.objects.get(key)?.metadata.generation).toBe(1);
    expect(sink.refusals.get(key)).toMatch(/^a\.yaml, line \d+/);
    expect(sink.refusals.get(key)).toMatch(problem);
    await expectAlive();
  });

  test('three thousand files are read, and an edit of one of them is told soon', async () => {
    const names = Array.from({ length: 3_000 }, (_, i) => `p${i}`);
    await Promise.all(names.map(async (name) => writeFile(at(`${name}.yaml`), policy(name))));
    await start();
    const startMs = performance.now();

    await writeFile(at('p7.yaml'), policy('p7', '9s'));
    await until(() => sink.objects.get('TrafficPolicy/shop/p7')?.metadata.generation === 2);

    expect(sink.objects.size).toBe(3_001);
    expect(performance.now() - startMs).toBeLessThan(20_000);
  });
});

describe('for a moment', () => {
  const moments: readonly (readonly [string, () => Promise<void>])[] = [
    [
      'renamed away and back within 60 ms',
      async () => {
        await rename(at('a.yaml'), join(base, 'away'));
        await pause(60);
        await rename(join(base, 'away'), at('a.yaml'));
      },
    ],
    [
      'written in two pieces 200 ms apart',
      async () => {
        await writeFile(at('a.yaml'), policy());
        await pause(200);
        await writeFile(at('a.yaml'), `${policy()}---\n${policy('other')}`);
      },
    ],
    [
      'a folder for a second',
      async () => {
        await rename(at('a.yaml'), join(base, 'away'));
        await mkdir(at('a.yaml'));
        await pause(1_000);
        await rm(at('a.yaml'), { recursive: true });
        await rename(join(base, 'away'), at('a.yaml'));
      },
    ],
    [
      'not readable for a second',
      async () => {
        await chmod(at('a.yaml'), 0o000);
        await pause(1_000);
        await chmod(at('a.yaml'), 0o644);
      },
    ],
  ];

  test.each(moments)('a file that is %s says what it said', async (_, disturb) => {
    const other = 'TrafficPolicy/shop/other';
    await writeFile(at('a.yaml'), `${policy()}---\n${policy('other')}`);
    await start();
    const before = [sink.objects.get(key), sink.objects.get(other)];
    const gone: string[] = [];
    sink.onRemove = (ref) => gone.push(refKey(ref));

    await disturb();
    await expectAlive();

    expect(gone).toEqual([]);
    expect([sink.objects.get(key), sink.objects.get(other)]).toEqual(before);
    expect(sink.refusals.size).toBe(0);
  });
});

/** The disturbance itself, not a wait for its effect. */
async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

function doubled(times: number): string {
  return Array.from({ length: times }, (_, i) => `  a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\n`).join('');
}
