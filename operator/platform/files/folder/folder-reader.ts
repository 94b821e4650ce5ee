// What the files of a folder say, within bounds. A file whose times, size and inode did not change is not read
// again. Entry: FolderReader.
import type { BigIntStats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { forEachAtMost } from '../concurrently.ts';
import { type FileContent, readRegularFile } from './regular-file.ts';

export interface FolderBounds {
  readonly maxFileBytes: number;
  /** Of all files together. */
  readonly maxBytes: number;
  readonly maxFiles: number;
}

/** What is beyond them is left out by name, and told. */
export const folderBounds: FolderBounds = {
  maxFileBytes: 1024 * 1024,
  maxBytes: 64 * 1024 * 1024,
  maxFiles: 10_000,
};

const maxOpenFiles = 16;
/**
 * Two writes within one tick of the file system's clock leave the same times: what was changed so shortly before it
 * was read is read again.
 */
const freshMs = 1_000;

interface Cached {
  readonly stamp: string;
  readonly content: FileContent;
}

export class FolderReader {
  readonly #folder: string;
  readonly #bounds: FolderBounds;
  #cache = new Map<string, Cached>();

  constructor(folder: string, bounds: FolderBounds = folderBounds) {
    this.#folder = folder;
    this.#bounds = bounds;
  }

  /**
   * The `.yaml` and `.yml` files directly in the folder, by name; hidden ones are editors' drafts. Rejects if the
   * folder cannot be listed. now: ms since 1970.
   */
  async read(now: number): Promise<ReadonlyMap<string, FileContent>> {
    const { maxFiles, maxBytes } = this.#bounds;
    const names = (await readdir(this.#folder)).filter((name) => /^[^.].*\.ya?ml$/.test(name)).toSorted();
    const stats = await this.#stats(names.slice(0, maxFiles));
    const contents = new Map<string, FileContent>();
    const cache = new Map<string, Cached>();
    let bytes = 0;
    const due: string[] = [];
    for (const name of names.slice(0, maxFiles)) {
      const size = stats.get(name)?.size ?? 0n;
      bytes += size <= this.#bounds.maxFileBytes ? Number(size) : 0;
      if (bytes > maxBytes) contents.set(name, overBytes(maxBytes));
      else due.push(name);
    }
    await forEachAtMost(maxOpenFiles, due, async (name) => {
      const content = await this.#content(name, stats.get(name), { cache, now });
      if (content !== undefined) contents.set(name, content);
    });
    for (const name of names.slice(maxFiles)) contents.set(name, overFiles(maxFiles));
    this.#cache = cache;
    return contents;
  }

  /** What cannot be looked at is left to the reading to say. */
  async #stats(names: readonly string[]): Promise<ReadonlyMap<string, BigIntStats>> {
    const stats = new Map<string, BigIntStats>();
    await forEachAtMost(maxOpenFiles, names, async (name) => {
      const found = await stat(join(this.#folder, name), { bigint: true }).catch(() => undefined);
      if (found !== undefined) stats.set(name, found);
    });
    return stats;
  }

  async #content(
    name: string,
    stats: BigIntStats | undefined,
    { cache, now }: { cache: Map<string, Cached>; now: number },
  ): Promise<FileContent | undefined> {
    const before = this.#cache.get(name);
    const stamp = stats && stampOf(stats);
    if (before !== undefined && before.stamp === stamp) {
      cache.set(name, before);
      return before.content;
    }
    const content = await readRegularFile(join(this.#folder, name), this.#bounds.maxFileBytes);
    const isFresh = stats === undefined || now - Number(stats.ctimeMs) < freshMs;
    if (content !== undefined && stamp !== undefined && !isFresh) cache.set(name, { stamp, content });
    return content;
  }
}

function stampOf({ dev, ino, size, mode, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mode, mtimeNs, ctimeNs].join(':');
}

function overBytes(maxBytes: number): FileContent {
  return {
    kind: 'unreadable',
    reason: `is left out: the files before it by name already have the ${maxBytes} bytes that are read of a folder. Remove what is not needed.`,
  };
}

function overFiles(maxFiles: number): FileContent {
  return {
    kind: 'unreadable',
    reason: `is left out: the folder has more than ${maxFiles} files. Put several documents into one file, or remove what is not needed.`,
  };
}
