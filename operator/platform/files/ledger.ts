// What an API server would remember of objects that are only text: uid, generation and when they were first seen.
// Kept in a file, so that a restart of the operator changes none of it.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { ObjectMeta } from '../../../api/metadata.ts';
import type { Log } from '../../process/log.ts';
import { type ObjectRef, refKey } from '../../objects/objects.ts';
import { isAbsent, writeAtomic } from './atomic-file.ts';
import { type FileKind, type FileRef, isFileKind } from './documents.ts';

const Entry = z.object({
  ref: z.object({ kind: z.custom<FileKind>(isFileKind), namespace: z.string(), name: z.string() }),
  /** Where it was last seen; undefined for what no file says (namespaces in use). */
  file: z.string().optional(),
  generation: z.int().min(1),
  creationTimestamp: z.string(),
  specHash: z.string(),
});
const LedgerFile = z.record(z.string(), Entry);
type Entry = z.infer<typeof Entry>;

export class Ledger {
  readonly #path: string;
  readonly #log: Log;
  #entries = new Map<string, Entry>();
  #isSaved = true;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** Starts empty if there is no file, and, with a warning, if it cannot be read. */
  async load(): Promise<void> {
    try {
      const json: unknown = JSON.parse(await readFile(this.#path, 'utf8'));
      this.#entries = new Map(Object.entries(LedgerFile.parse(json)));
    } catch (error) {
      if (isAbsent(error)) return;
      this.#log.warn(
        { path: this.#path, error },
        'state of the files platform unreadable, generations start anew',
      );
    }
  }

  async save(): Promise<void> {
    if (this.#isSaved) return;
    const entries = Object.fromEntries([...this.#entries].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    await writeAtomic(this.#path, `${JSON.stringify(entries, null, 2)}\n`);
    this.#isSaved = true;
  }

  has(ref: ObjectRef): boolean {
    return this.#entries.has(refKey(ref));
  }

  refs(): { ref: ObjectRef; file: string | undefined }[] {
    return [...this.#entries.values()].map(({ ref, file }) => ({ ref, file }));
  }

  /** Notes that the object says this; the generation counts changes of the spec. now: ms since 1970. */
  note(
    seen: { ref: FileRef; file: string | undefined; spec: unknown },
    now: number,
  ): Required<Pick<ObjectMeta, 'uid' | 'generation' | 'creationTimestamp'>> {
    const { ref, file, spec } = seen;
    const key = refKey(ref);
    const specHash = hashOf(spec);
    const before = this.#entries.get(key);
    const isSame = before?.specHash === specHash && before.file === file;
    if (!isSame) this.#isSaved = false;
    const generation = (before?.generation ?? 0) + (before?.specHash === specHash ? 0 : 1);
    const creationTimestamp =
      before?.creationTimestamp ?? new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
    this.#entries.set(key, {
      ref,
      ...(file !== undefined && { file }),
      generation,
      creationTimestamp,
      specHash,
    });
    return { uid: uidOf(key), generation, creationTimestamp };
  }

  forget(ref: ObjectRef): void {
    if (this.#entries.delete(refKey(ref))) this.#isSaved = false;
  }
}

/** Equal values have equal hashes, whatever the order of their keys. */
export function hashOf(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
  return createHash('sha256')
    .update(text ?? '')
    .digest('hex');
}

/** A UUID (version 8: of our own making) that is the same for one kind, namespace and name everywhere. */
function uidOf(key: string): string {
  const hex = createHash('sha256').update(key).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
