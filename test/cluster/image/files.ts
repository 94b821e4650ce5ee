// From the files that an image is to hold, to the entries of its layer: folders walked, libraries of programs added,
// parents made. Entry: layerEntries. It knows nothing of image formats.
import { createReadStream } from 'node:fs';
import { lstat, open, readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../command.ts';
import type { TarEntry } from './tar.ts';

export type ImageFile =
  /** A file (symbolic links followed; a program brings its shared libraries) or a whole folder (links kept). */
  | {
      readonly from: string;
      readonly to: string;
      /** For folders: whether a path in it, relative to it, is taken; default all. */
      readonly include?: (path: string) => boolean;
    }
  | { readonly to: string; readonly content: string; readonly executable?: boolean }
  | { readonly to: string; readonly symlink: string }
  /** An empty folder. mode: default 0o755. */
  | { readonly to: string; readonly mode: number };

/** Files up to this size are held in memory. */
const readSize = 1024 * 1024;

/** Sorted by path, a folder before what is in it; of two files for one path the first wins. All is owned by root. */
export async function layerEntries(files: readonly ImageFile[]): Promise<TarEntry[]> {
  const entries = new Map<string, TarEntry>();
  const add = (entry: TarEntry): void => {
    if (entries.has(entry.path)) return;
    addParents(entries, entry.path);
    entries.set(entry.path, entry);
  };
  // One after the other, so that it is the first that wins.
  for (const file of files) {
    // oxlint-disable-next-line no-await-in-loop -- see above
    for (const entry of await entriesOf(file)) add(entry);
  }
  return [...entries.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

async function entriesOf(file: ImageFile): Promise<TarEntry[]> {
  const path = inImage(file.to);
  if ('symlink' in file) return [{ kind: 'symlink', path, target: file.symlink }];
  if ('mode' in file) return [{ kind: 'directory', path: `${path}/`, mode: file.mode }];
  if ('content' in file) {
    const mode = file.executable === true ? 0o755 : 0o644;
    return [{ kind: 'file', path, mode, content: Buffer.from(file.content) }];
  }
  const source = await realpath(file.from);
  if ((await stat(source)).isDirectory()) return await folder(source, path, file.include ?? (() => true));
  const libraries = (await isElf(source)) ? await sharedLibraries(source) : [];
  return await Promise.all([
    copy(source, path),
    ...libraries.map(async (library) => await copy(await realpath(library), inImage(library))),
  ]);
}

async function folder(
  source: string,
  path: string,
  include: (path: string) => boolean,
  below = '',
): Promise<TarEntry[]> {
  const listed = await readdir(join(source, below), { withFileTypes: true });
  const entries = await Promise.all(
    listed.map(async (entry): Promise<TarEntry[]> => {
      const relative = join(below, entry.name);
      if (!include(relative)) return [];
      if (entry.isDirectory()) return await folder(source, path, include, relative);
      if (entry.isSymbolicLink()) {
        const target = await readlink(join(source, relative));
        return [{ kind: 'symlink', path: join(path, relative), target }];
      }
      return entry.isFile() ? [await copy(join(source, relative), join(path, relative))] : [];
    }),
  );
  return [{ kind: 'directory', path: `${join(path, below)}/` }, ...entries.flat()];
}

/** Readable for everybody: containers run as other users than the one who owns the files here. */
async function copy(source: string, path: string): Promise<TarEntry> {
  const { mode: sourceMode, size } = await lstat(source);
  const mode = (sourceMode & 0o111) === 0 ? 0o644 : 0o755;
  // A layer is written twice, and somebody may be editing the sources in between.
  if (size <= readSize) return { kind: 'file', path, mode, content: await readFile(source) };
  const chunks = (): AsyncIterable<Buffer> => createReadStream(source, { highWaterMark: readSize });
  return { kind: 'stream', path, mode, size, chunks };
}

function addParents(entries: Map<string, TarEntry>, path: string): void {
  for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) {
    const folderPath = `${parent}/`;
    if (!entries.has(folderPath)) entries.set(folderPath, { kind: 'directory', path: folderPath });
  }
}

/** Paths in a layer are relative to its root. */
function inImage(path: string): string {
  return path.replace(/^\/+/, '').replace(/\/+$/, '');
}

async function isElf(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.equals(Buffer.from('\x7fELF'));
  } finally {
    await file.close();
  }
}

/** With the loader, at the paths where the program looks for them; none if it is linked statically. */
async function sharedLibraries(program: string): Promise<string[]> {
  const { code, stdout } = await run(['ldd', program]);
  if (code !== 0) return [];
  const missing = /\S+ => not found/.exec(stdout);
  if (missing !== null) throw new Error(`${program} cannot run on this machine: ${missing[0]}`);
  return [...stdout.matchAll(/\/\S+/g)].map(([path]) => path);
}
