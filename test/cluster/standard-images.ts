// The images that clusters and their tests share, made from programs of this machine and kept in the user's cache.
// Entries: pauseImage, nodeImage, envoyImage, iptablesImage, which return the path of an archive for importImage.
import { createHash } from 'node:crypto';
import { access, readdir, realpath, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../../demo/programs/cache.ts';
import { findEnvoy } from '../../demo/envoy-binary.ts';
import { buildImage, type ImageSpec } from './image/build-image.ts';
import type { ImageFile } from './image/files.ts';

export const pauseImageName = 'meshwright.test/pause:1';
/** Node, at /usr/local/bin/node, which is the entrypoint; a shell, cat, sleep. */
export const nodeImageName = 'meshwright.test/node:1';
/** Envoy, at /usr/local/bin/envoy, which is the entrypoint; a shell. Runs as the user 1337. */
export const envoyImageName = 'meshwright.test/envoy:1';
/** iptables and ip6tables with -save and -restore, for nf_tables (also by the plain names) and legacy; ip; a shell. */
export const iptablesImageName = 'meshwright.test/iptables:1';

/** The user that sidecars run as. */
const proxyUser = 1337;

export async function pauseImage(pausePath: string): Promise<string> {
  return await cached({
    name: pauseImageName,
    files: [{ from: pausePath, to: '/pause' }],
    entrypoint: ['/pause'],
  });
}

export async function nodeImage(name = nodeImageName): Promise<string> {
  return await cached({
    name,
    files: nodeFiles(),
    entrypoint: ['/usr/local/bin/node'],
  });
}

export async function envoyImage(name = envoyImageName): Promise<string> {
  return await cached({
    name,
    files: [...systemFiles(), { from: await envoyPath(), to: '/usr/local/bin/envoy' }],
    entrypoint: ['/usr/local/bin/envoy'],
    user: `${proxyUser}:${proxyUser}`,
  });
}

export async function iptablesImage(): Promise<string> {
  return await cached({
    name: iptablesImageName,
    files: [...systemFiles(), ...(await iptablesFiles())],
    entrypoint: ['/bin/sh'],
  });
}

/** The Node that runs this, and what it needs: a good base for images with JavaScript. */
export function nodeFiles(): ImageFile[] {
  return [...systemFiles(), { from: process.execPath, to: '/usr/local/bin/node' }];
}

/** Users, name resolution, /tmp, a shell with cat and sleep: what programs expect of a system. */
export function systemFiles(): ImageFile[] {
  const passwd = [
    'root:x:0:0:root:/:/bin/sh',
    `proxy:x:${proxyUser}:${proxyUser}::/:/bin/false`,
    'nobody:x:65534:65534::/:/bin/false',
  ];
  const group = ['root:x:0:', `proxy:x:${proxyUser}:`, 'nogroup:x:65534:'];
  return [
    { to: '/etc/passwd', content: `${passwd.join('\n')}\n` },
    { to: '/etc/group', content: `${group.join('\n')}\n` },
    { to: '/etc/nsswitch.conf', content: 'hosts: files dns\n' },
    { to: '/run', mode: 0o755 },
    { to: '/tmp', mode: 0o1777 },
    { from: '/bin/sh', to: '/bin/sh' },
    { from: '/bin/cat', to: '/bin/cat' },
    { from: '/bin/sleep', to: '/bin/sleep' },
  ];
}

/** iptables, ip6tables and their -save and -restore with both back ends, and `ip`, from the packages of this machine. */
export async function iptablesFiles(): Promise<ImageFile[]> {
  const backEnds = ['nft', 'legacy'];
  const programs = await Promise.all(
    backEnds.map(async (backEnd): Promise<ImageFile> => {
      const program = `xtables-${backEnd}-multi`;
      return { from: await findProgram(program), to: `/usr/sbin/${program}` };
    }),
  );
  const link = (name: string, backEnd: string): ImageFile => ({
    to: `/usr/sbin/${name}`,
    symlink: `xtables-${backEnd}-multi`,
  });
  const named = backEnds.flatMap((backEnd) => applets(`-${backEnd}`).map((name) => link(name, backEnd)));
  const plain = applets('').map((name) => link(name, 'nft'));
  const extensions = await extensionFolder();
  const ip: ImageFile = { from: await findProgram('ip'), to: '/usr/sbin/ip' };
  return [...programs, ...named, ...plain, { from: extensions, to: extensions }, ip];
}

/** `iptables-nft-restore` for the infix `-nft`, `iptables-restore` for none. */
function applets(infix: string): string[] {
  return ['iptables', 'ip6tables'].flatMap((family) =>
    ['', '-save', '-restore'].map((action) => `${family}${infix}${action}`),
  );
}

/** Where iptables looks for its matches and targets. */
async function extensionFolder(): Promise<string> {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const candidates = [`/usr/lib/${machine}-linux-gnu/xtables`, '/usr/lib64/xtables', '/usr/lib/xtables'];
  return await firstThatExists(candidates, 'the extensions of iptables');
}

async function findProgram(name: string): Promise<string> {
  return await firstThatExists(
    ['/usr/sbin', '/sbin', '/usr/bin', '/bin'].map((folder) => join(folder, name)),
    name,
  );
}

async function firstThatExists(paths: readonly string[], what: string): Promise<string> {
  const found = await Promise.all(paths.map(exists));
  const first = paths.find((_, index) => found[index]);
  if (first === undefined) throw new Error(`This machine has no ${what}: looked for ${paths.join(', ')}.`);
  return first;
}

async function envoyPath(): Promise<string> {
  return await findEnvoy({ path: process.env['MESHWRIGHT_ENVOY'], cacheHome: process.env['XDG_CACHE_HOME'] });
}

/** Built once for each state of its sources: the archive of an older state is removed. */
async function cached(spec: ImageSpec): Promise<string> {
  const folder = cacheFolder('images');
  const name = spec.name.replace(/[^a-z0-9.-]+/g, '_');
  const archive = `${name}-${await sourcesKey(spec)}.tar`;
  const path = join(folder, archive);
  if (await exists(path)) return path;
  await buildImage(spec, path);
  const older = (await readdir(folder)).filter((file) => file.startsWith(`${name}-`) && file !== archive);
  await Promise.all(older.map((file) => rm(join(folder, file), { force: true })));
  return path;
}

async function sourcesKey(spec: ImageSpec): Promise<string> {
  const states = await Promise.all(
    spec.files.map(async (file) => {
      if (!('from' in file)) return [];
      const { size, mtimeMs } = await stat(file.from);
      return [await realpath(file.from), size, mtimeMs];
    }),
  );
  const key = JSON.stringify([spec, states]);
  return createHash('sha256').update(key).digest('hex').slice(0, 12);
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
