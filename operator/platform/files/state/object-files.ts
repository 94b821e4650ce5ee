// What is remembered of objects, as files: one for each object, replaced whole, with a version and a checksum, so
// that one that is damaged is told from one that is not there. Entry: createObjectFiles.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ObjectRef } from '../../../objects/objects.ts';
import { forEachAtMost } from '../concurrently.ts';
import { type FileKind, isFileKind } from '../folder/file-kinds.ts';
import { sha256 } from '../../../values/fingerprint.ts';
import { namesIn, removeDrafts, writeAtomic } from './atomic-file.ts';
import { sealed, unsealed } from './sealed-file.ts';

const maxOpenFiles = 8;

const Document = z.record(z.string(), z.unknown());
const Entry = z.object({
  ref: z.object({ kind: z.custom<FileKind>(isFileKind), namespace: z.string(), name: z.string() }),
  /** Where it was last seen; undefined for what no file describes (a namespace in use). */
  file: z.string().exactOptional(),
  /** Counts edits of the spec, from 1. */
  generation: z.int().min(1),
  creationTimestamp: z.string(),
  /** Of the edit that has this generation. */
  editHash: z.string(),
  /** The last valid version, as it was written, its hash and its generation. */
  valid: z.object({ generation: z.int().min(1), hash: z.string(), document: Document }).exactOptional(),
  /** What stands in for a policy whose last valid version is lost; see closed-policy.ts. */
  standIn: Document.exactOptional(),
});
export type Entry = Readonly<z.infer<typeof Entry>>;

/** File name → what stands there and describes nothing; see Catalog.foreign. */
const Foreign = z.record(z.string(), z.array(z.string()));
export type Foreign = ReadonlyMap<string, readonly string[]>;

export interface ObjectFiles {
  load(): Promise<Loaded>;
  write(entry: Entry): Promise<void>;
  remove(ref: ObjectRef): Promise<void>;
  writeForeign(foreign: Foreign): Promise<void>;
}

export interface Loaded {
  readonly entries: readonly Entry[];
  readonly foreign: Foreign;
  /** Full sentences, one for each file that cannot be used. */
  readonly damaged: readonly string[];
}

const foreignFile = 'other-documents.json';

export function createObjectFiles(folder: string): ObjectFiles {
  const path = (ref: ObjectRef): string => join(folder, objectFileName(ref, '.json'));
  return {
    load: async () => load(folder),
    write: async (entry) => writeAtomic(path(entry.ref), sealed(entry), { isDurable: true }),
    remove: async (ref) => rm(path(ref), { force: true }),
    writeForeign: async (foreign) =>
      writeAtomic(join(folder, foreignFile), sealed(Object.fromEntries(foreign)), { isDurable: true }),
  };
}

async function load(folder: string): Promise<Loaded> {
  await removeDrafts(folder);
  const entries: Entry[] = [];
  const damaged: string[] = [];
  let foreign: Foreign = new Map();
  const names = (await namesIn(folder)).filter((name) => name.endsWith('.json'));
  await forEachAtMost(maxOpenFiles, names, async (name) => {
    const path = join(folder, name);
    try {
      const content = await unsealed(path);
      if (name === foreignFile) foreign = new Map(Object.entries(Foreign.parse(content)));
      else entries.push(Entry.parse(content));
    } catch (error) {
      damaged.push(`${path} is damaged: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  return { entries, foreign, damaged: damaged.toSorted() };
}

/** File systems take names of 255 bytes; the draft of a file has 14 more than the file itself. */
const maxFileName = 240;

/**
 * `Mesh.default.yaml`, `TrafficPolicy.shop.reviews.yaml`. What would be too long for a file system is cut, and a hash
 * of the whole takes the place of the rest.
 */
export function objectFileName({ kind, namespace, name }: ObjectRef, extension: string): string {
  const stem = [kind, ...(namespace === '' ? [] : [namespace]), name].join('.');
  if (stem.length + extension.length <= maxFileName) return `${stem}${extension}`;
  return `${stem.slice(0, 200)}~${sha256(stem).slice(0, 16)}${extension}`;
}
