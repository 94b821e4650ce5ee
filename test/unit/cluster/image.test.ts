// Images made by hand: what is in them, and that the archive is what other programs take for one.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { buildImage, type ImageSpec } from '../../cluster/image/build-image.ts';
import { type ImageFile, layerEntries } from '../../cluster/image/files.ts';
import { tar, tarSize } from '../../cluster/image/tar.ts';

const run = promisify(execFile);
const Descriptor = z.object({ digest: z.string(), size: z.int() });
const Index = z.object({
  manifests: z.tuple([Descriptor.extend({ annotations: z.record(z.string(), z.string()) })]),
});
const Manifest = z.object({ config: Descriptor, layers: z.array(Descriptor) });

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'meshwright-image-'));
});
afterAll(async () => {
  await rm(scratch, { recursive: true });
});

async function bytesOf(files: readonly ImageFile[]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of tar(await layerEntries(files))) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Unpacks with the system's tar, the judge of what we write. */
async function unpack(name: string, bytes: Buffer): Promise<string> {
  const folder = join(scratch, name);
  await mkdir(folder);
  await writeFile(`${folder}.tar`, bytes);
  await run('tar', ['--extract', `--file=${folder}.tar`, `--directory=${folder}`]);
  return folder;
}

async function namesIn(files: readonly ImageFile[]): Promise<string[]> {
  return (await layerEntries(files)).map((entry) => entry.path);
}

describe('a layer', () => {
  test('holds texts, programs, links and folders, with their modes', async () => {
    const files: ImageFile[] = [
      { to: '/etc/motd', content: 'hello' },
      { to: '/bin/start', content: '#!/bin/sh\n', executable: true },
      { to: '/bin/begin', symlink: 'start' },
      { to: '/tmp', mode: 0o1777 },
    ];

    const { stdout } = await run('sh', [
      '-c',
      'cd "$1" && find . -printf "%m %y %p %l\\n" | sort -k3',
      'sh',
      await unpack('layer', await bytesOf(files)),
    ]);

    const listed = stdout
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trimEnd());
    expect(listed).toEqual([
      '755 d ./bin',
      '777 l ./bin/begin start',
      '755 f ./bin/start',
      '755 d ./etc',
      '644 f ./etc/motd',
      '1777 d ./tmp',
    ]);
    expect(await readFile(join(scratch, 'layer', 'etc', 'motd'), 'utf8')).toBe('hello');
  });

  test('keeps paths and link targets of more than 100 characters', async () => {
    const long = `${'deep/'.repeat(40)}file`;

    const folder = await unpack(
      'long',
      await bytesOf([
        { to: `/${long}`, content: 'found' },
        { to: '/link', symlink: long },
      ]),
    );

    expect(await readFile(join(folder, 'link'), 'utf8')).toBe('found');
  });

  test('copies a folder with its links, without what the filter leaves out', async () => {
    const source = join(scratch, 'source');
    await mkdir(join(source, 'kept'), { recursive: true });
    await mkdir(join(source, 'left'));
    await writeFile(join(source, 'kept', 'a'), 'a');
    await writeFile(join(source, 'left', 'b'), 'b');
    await symlink('kept/a', join(source, 'link'));

    const names = await namesIn([{ from: source, to: '/app', include: (path) => path !== 'left' }]);

    expect(names).toEqual(['app/', 'app/kept/', 'app/kept/a', 'app/link']);
  });

  test('gives a program the libraries and the loader that it needs', async () => {
    const names = await namesIn([{ from: '/bin/sh', to: '/bin/sh' }]);

    expect(names.filter((name) => /\/(libc\.so\.6|ld-linux[^/]*)$/.test(name))).toHaveLength(2);
  });

  test('takes the first of two files for one path', async () => {
    const entries = await layerEntries([
      { to: '/a', content: 'first' },
      { to: '/a', content: 'second' },
    ]);

    expect(entries).toEqual([{ kind: 'file', path: 'a', mode: 0o644, content: Buffer.from('first') }]);
  });

  test('is as long as it was said to be', async () => {
    const files: ImageFile[] = [{ to: `/${'x'.repeat(150)}`, content: 'y'.repeat(513) }];

    expect(tarSize(await layerEntries(files))).toBe((await bytesOf(files)).length);
  });
});

describe('an image', () => {
  const spec: ImageSpec = {
    name: 'meshwright.test/example:1',
    base: [{ to: '/base', content: 'base' }],
    files: [{ to: '/app', content: 'app' }],
    entrypoint: ['/app'],
    user: '1337',
    env: { MODE: 'test' },
  };

  test('is an OCI layout whose blobs have the digests and sizes that refer to them', async () => {
    const output = join(scratch, 'image.tar');
    await buildImage(spec, output);

    const folder = await unpack('image', await readFile(output));
    const blob = async ({ digest, size }: z.infer<typeof Descriptor>): Promise<Buffer> => {
      const content = await readFile(join(folder, 'blobs', digest.replace(':', '/')));
      expect(content).toHaveLength(size);
      expect(`sha256:${createHash('sha256').update(content).digest('hex')}`).toBe(digest);
      return content;
    };
    const [reference] = Index.parse(JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'))).manifests;
    const manifest = Manifest.parse(JSON.parse((await blob(reference)).toString()));
    const layers = await Promise.all(manifest.layers.map(blob));
    expect(layers).toEqual([await bytesOf(spec.base ?? []), await bytesOf(spec.files)]);
    expect(reference.annotations['io.containerd.image.name']).toBe(spec.name);
    expect(JSON.parse((await blob(manifest.config)).toString())).toMatchObject({
      config: { Entrypoint: ['/app'], User: '1337', Env: [expect.stringMatching(/^PATH=/), 'MODE=test'] },
      rootfs: { diff_ids: manifest.layers.map((layer) => layer.digest) },
    });
  });

  test('is the same, byte by byte, for the same files', async () => {
    const [one, two] = [join(scratch, 'one.tar'), join(scratch, 'two.tar')];
    await buildImage(spec, one);
    await buildImage(spec, two);

    expect((await readFile(one)).equals(await readFile(two))).toBe(true);
    expect((await stat(one)).size).toBeGreaterThan(0);
  });
});
