// What an API server would remember of objects that are only text: uid, generation, when they were first seen, and
// the last version that was valid. Kept in files, so that a restart of the operator changes none of it.
import { type ObjectRef, refKey } from '../../../objects/objects.ts';
import { forEachAtMost } from '../concurrently.ts';
import type { RawDocument } from '../folder/documents.ts';
import type { FileRef } from '../folder/file-kinds.ts';
import { sha256 } from '../../../values/fingerprint.ts';
import type { Entry, Foreign, ObjectFiles } from './object-files.ts';

const maxConcurrentWrites = 8;

export class Ledger {
  readonly #files: ObjectFiles;
  readonly #entries = new Map<string, Entry>();
  #foreign: Foreign = new Map();
  readonly #unsaved = new Map<string, ObjectRef>();
  #isForeignSaved = true;

  constructor(files: ObjectFiles) {
    this.#files = files;
  }

  /** Returns what is damaged, one full sentence each. Starts empty if there is nothing. */
  async load(): Promise<readonly string[]> {
    const { entries, foreign, damaged } = await this.#files.load();
    for (const entry of entries) this.#entries.set(refKey(entry.ref), entry);
    this.#foreign = foreign;
    return damaged;
  }

  /** Writes what changed since. Rejects if the file system refuses; what was not written is tried again next time. */
  async save(): Promise<void> {
    await forEachAtMost(maxConcurrentWrites, [...this.#unsaved], async ([key, ref]) => {
      const entry = this.#entries.get(key);
      await (entry === undefined ? this.#files.remove(ref) : this.#files.write(entry));
      if (this.#entries.get(key) === entry) this.#unsaved.delete(key);
    });
    if (this.#isForeignSaved) return;
    await this.#files.writeForeign(this.#foreign);
    this.#isForeignSaved = true;
  }

  isSaved(): boolean {
    return this.#unsaved.size === 0 && this.#isForeignSaved;
  }

  has(ref: ObjectRef): boolean {
    return this.#entries.has(refKey(ref));
  }

  get(ref: ObjectRef): Entry | undefined {
    return this.#entries.get(refKey(ref));
  }

  entries(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  foreign(): Foreign {
    return this.#foreign;
  }

  setForeign(foreign: Foreign): void {
    if (JSON.stringify([...foreign]) === JSON.stringify([...this.#foreign])) return;
    this.#foreign = foreign;
    this.#isForeignSaved = false;
  }

  /**
   * Notes that this is where the object stands, and what is written of it; another hash is another generation.
   * hash: undefined if what is written is not known. now: ms since 1970.
   */
  note(seen: { ref: FileRef; file: string | undefined; hash: string | undefined }, now: number): Entry {
    const { ref, file, hash } = seen;
    const before = this.get(ref);
    const isEdited = hash !== undefined && hash !== before?.editHash;
    if (before !== undefined && !isEdited && before.file === file) return before;
    const { file: _, ...kept } = before ?? {
      ref,
      generation: 0,
      creationTimestamp: new Date(now).toISOString().replace(/\.\d+Z$/, 'Z'),
      editHash: '',
    };
    return this.#set({
      ...kept,
      ...(file !== undefined && { file }),
      generation: Math.max(1, kept.generation + (isEdited ? 1 : 0)),
      editHash: hash ?? kept.editHash,
    });
  }

  /** The present generation is valid, and says this. hash: of the document. */
  setValid(ref: ObjectRef, document: RawDocument, hash: string): void {
    const { standIn: _, ...entry } = this.#known(ref);
    const { generation, valid } = entry;
    if (valid?.generation === generation && valid.hash === hash) return;
    this.#set({ ...entry, valid: { generation, hash, document } });
  }

  setStandIn(ref: ObjectRef, standIn: RawDocument): void {
    this.#set({ ...this.#known(ref), standIn });
  }

  forget(ref: ObjectRef): void {
    if (this.#entries.delete(refKey(ref))) this.#unsaved.set(refKey(ref), ref);
  }

  #known(ref: ObjectRef): Entry {
    const entry = this.get(ref);
    if (entry === undefined) throw new Error(`${refKey(ref)} was not noted`);
    return entry;
  }

  #set(entry: Entry): Entry {
    const key = refKey(entry.ref);
    this.#entries.set(key, entry);
    this.#unsaved.set(key, entry.ref);
    return entry;
  }
}

/** A UUID (version 8: of our own making) that is the same for one kind, namespace and name everywhere. */
export function uidOf(ref: ObjectRef): string {
  const hex = sha256(refKey(ref));
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
