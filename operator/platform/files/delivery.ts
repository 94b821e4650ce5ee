// From what the files say to the sink: completes each document as an API server would, and tells only what changed.
// Knows no files but the ledger's and the statuses'.
import { type ObjectRef, refKey } from '../../objects/objects.ts';
import type { ObjectSink } from '../../ports/platform.ts';
import type { Log } from '../../process/log.ts';
import { type Catalog, readCatalog } from './catalog.ts';
import { isCoreKind } from './core-kinds.ts';
import type { ParsedFile } from './folder/documents.ts';
import { fileRef, type FileRef, objectName } from './folder/file-kinds.ts';
import { type Admit, Judge, type Judgement, metadataOf } from './judgement.ts';
import type { Ledger } from './state/ledger.ts';
import type { Entry } from './state/object-files.ts';
import type { StatusFiles } from './state/status-files.ts';
import { compareText } from '../../values/compare-text.ts';

export interface DeliveryPorts {
  readonly admit: Admit;
  readonly ledger: Ledger;
  readonly statuses: StatusFiles;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** For how long an object has to be missing before it counts as deleted. */
  readonly deletionGraceMs: number;
}

/** Takes a namespace into the mesh, unless a Namespace document says otherwise. */
const namespaceLabels = (name: string): Record<string, string> => ({
  'kubernetes.io/metadata.name': name,
  'meshwright.dev/mesh': 'enabled',
});

/** What the sink was last told of an object. */
interface Told {
  readonly ref: FileRef;
  /** Of the version in force; undefined if there is none. */
  readonly version: string | undefined;
  /** Of the refusal; undefined if there is none. */
  readonly refusal: string | undefined;
}

type Call = () => void;
type Present = Judgement & { readonly ref: FileRef };

export class Delivery {
  readonly #ports: DeliveryPorts;
  readonly #judge: Judge;
  readonly #told = new Map<string, Told>();
  /** As it was judged last. */
  #present: ReadonlyMap<string, Present> = new Map();
  /** Object key → since when it is missing. */
  readonly #missing = new Map<string, number>();
  /** Objects that were never valid: all others may have been in force before this process. */
  #neverValid: ReadonlySet<string> | undefined;
  #complaints = new Set<string>();

  constructor(ports: DeliveryPorts) {
    this.#ports = ports;
    this.#judge = new Judge(ports);
  }

  /** Tells the sink what is new, changed and gone. Resolves to the ms after which it is due again, if it is. */
  async apply(files: ReadonlyMap<string, ParsedFile>, sink: ObjectSink): Promise<number | undefined> {
    const { ledger, statuses, now } = this.#ports;
    const at = now();
    const neverValid = this.#neverValid ?? neverValidIn(ledger.entries());
    const catalog = readCatalog({ files, known: ledger.entries().map(known), foreign: ledger.foreign() });
    const complaints = [...catalog.problems];
    const present = new Map<string, Present>();
    for (const [key, finding] of catalog.findings) {
      const ref = finding.kind === 'document' ? finding.document.content.ref : finding.ref;
      const mayClose = this.#neverValid === undefined && !neverValid.has(key);
      present.set(key, { ref, ...this.#judge.judge(finding, mayClose, at) });
    }
    this.#neverValid ??= neverValid;
    const { gone, nextMs } = this.#missingOf(catalog, present, at);
    for (const { ref } of gone) ledger.forget(ref);
    this.#addNamespaces(present, at);
    ledger.setForeign(catalog.foreign);
    this.#present = present;
    const calls = this.#calls(present, sink, complaints);
    await this.#save();
    for (const call of calls) call();
    await Promise.all(gone.map(async ({ ref }) => statuses.remove(ref)));
    this.#complain(complaints);
    return ledger.isSaved() ? nextMs : Math.min(nextMs ?? retrySaveMs, retrySaveMs);
  }

  /** What is missing for a short time only, or may be what a mistake is about, goes on as it was; present gets it. */
  #missingOf(
    { findings }: Catalog,
    present: Map<string, Present>,
    at: number,
  ): { gone: readonly Entry[]; nextMs: number | undefined } {
    const gone: Entry[] = [];
    let nextMs: number | undefined;
    const mistakes = this.#mistakes(present);
    for (const entry of this.#ports.ledger.entries()) {
      const key = refKey(entry.ref);
      const mistake = mistakes.get(placeKey(entry));
      if (findings.has(key) || mistake !== undefined) this.#missing.delete(key);
      // Namespaces in use go with the last object in them.
      if (findings.has(key) || entry.file === undefined) continue;
      const before = this.#present.get(key) ?? { ref: entry.ref, ...this.#judge.kept(entry) };
      if (mistake !== undefined) {
        present.set(key, { ...before, refusal: refusedFor(mistake, entry) });
        continue;
      }
      const since = this.#missing.get(key) ?? at;
      const leftMs = since + this.#ports.deletionGraceMs - at;
      if (leftMs > 0) {
        this.#missing.set(key, since);
        nextMs = Math.min(leftMs, nextMs ?? leftMs);
        present.set(key, before);
      } else {
        this.#missing.delete(key);
        gone.push(entry);
      }
    }
    return { gone, nextMs };
  }

  /**
   * Objects that were never valid, by file and kind: each may be another one whose name was misspelt or cut off, so
   * none that is missing there counts as deleted.
   */
  #mistakes(present: ReadonlyMap<string, Present>): ReadonlyMap<string, Present> {
    const mistakes = new Map<string, Present>();
    for (const judged of present.values()) {
      const entry = this.#ports.ledger.get(judged.ref);
      if (entry !== undefined && entry.valid === undefined && judged.refusal !== undefined)
        mistakes.set(placeKey(entry), judged);
    }
    return mistakes;
  }

  /** Namespaces in use that no document describes. */
  #addNamespaces(present: Map<string, Present>, at: number): void {
    const { ledger } = this.#ports;
    const inUse = new Set([...present.values()].map(({ ref }) => ref.namespace));
    inUse.delete('');
    for (const name of inUse) {
      const ref = fileRef('Namespace', '', name);
      if (present.has(refKey(ref))) continue;
      const entry = ledger.note({ ref, file: undefined, hash: 'in use' }, at);
      const metadata = metadataOf(entry, entry.generation, {
        labels: namespaceLabels(name),
        annotations: undefined,
      });
      const object = { kind: 'Namespace', metadata } as const;
      const inForce = { hash: `${entry.generation} in use`, object: () => object };
      present.set(refKey(ref), { ref, inForce, refusal: undefined });
    }
    for (const { ref, file } of ledger.entries())
      if (file === undefined && !present.has(refKey(ref))) ledger.forget(ref);
  }

  /** The calls that bring the sink from what it was told to what is present. */
  #calls(present: ReadonlyMap<string, Present>, sink: ObjectSink, complaints: string[]): Call[] {
    const calls: Call[] = [];
    const removed = [...this.#told]
      .filter(([key]) => !present.has(key))
      .toSorted(([a], [b]) => compareText(a, b));
    for (const [key, { ref }] of removed) {
      calls.push(() => {
        this.#told.delete(key);
        sink.remove(ref);
      });
    }
    for (const [key, { ref, inForce, refusal }] of [...present].toSorted(([a], [b]) => compareText(a, b))) {
      if (refusal !== undefined) complaints.push(complaint(ref, refusal));
      const before = this.#told.get(key);
      const next: Told = { ref, version: inForce?.hash, refusal: refusal && JSON.stringify(refusal) };
      if (before?.version === next.version && before?.refusal === next.refusal) continue;
      calls.push(() => {
        this.#told.set(key, next);
        // An upsert ends a refusal.
        if (inForce !== undefined && (before?.version !== next.version || refusal === undefined))
          sink.upsert(inForce.object());
        else if (inForce === undefined && before !== undefined) sink.remove(ref);
        if (refusal !== undefined && !isCoreKind(ref.kind))
          sink.reject(ref, refusal.generation, refusal.problems, refusal.instead);
      });
    }
    return calls;
  }

  async #save(): Promise<void> {
    try {
      await this.#ports.ledger.save();
    } catch (error) {
      // The mesh goes on; only a restart would count generations anew, and not know what was valid before.
      this.#ports.log.error({ error }, 'state not saved, retrying');
    }
  }

  /** Each problem is said once, for as long as it lasts. */
  #complain(complaints: readonly string[]): void {
    const fresh = complaints.filter((problem) => !this.#complaints.has(problem));
    for (const problem of fresh.slice(0, maxWarnings)) this.#ports.log.warn({ problem }, 'document invalid');
    if (fresh.length > maxWarnings)
      this.#ports.log.warn({ count: fresh.length - maxWarnings }, 'more documents invalid');
    this.#complaints = new Set(complaints);
  }
}

const retrySaveMs = 2_000;
const maxWarnings = 100;

function placeKey({ file, ref }: Pick<Entry, 'file' | 'ref'>): string {
  return JSON.stringify([file, ref.kind]);
}

function refusedFor({ ref, refusal }: Present, { ref: missing, generation }: Entry): Present['refusal'] {
  const problems = refusal?.problems ?? [];
  const advice = `${objectName(missing)} is missing, and ${objectName(ref)} in the same file is not valid and may be meant to replace it. Fix or remove ${objectName(ref)} first.`;
  return { generation, problems: [...problems, advice], instead: undefined };
}

function known({ ref, file }: Entry): { ref: FileRef; file: string | undefined } {
  return { ref, file };
}

function neverValidIn(entries: readonly Entry[]): ReadonlySet<string> {
  const never = entries.filter(({ valid, standIn }) => valid === undefined && standIn === undefined);
  return new Set(never.map(({ ref }) => refKey(ref)));
}

function complaint(ref: ObjectRef, { problems, instead }: NonNullable<Judgement['refusal']>): string {
  return [`${ref.kind} ${ref.name}:`, ...problems, ...(instead === undefined ? [] : [instead])].join(' ');
}
