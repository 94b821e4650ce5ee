// From the catalog to the sink: completes each document as an API server would, admits it, and tells only what
// changed. Knows no files but the ledger's and the statuses'.
import type { ObjectMeta } from '../../../api/metadata.ts';
import type { Log } from '../../process/log.ts';
import { type ObjectRef, refKey, type StoredObject } from '../../objects/objects.ts';
import type { ObjectSink } from '../../ports/platform.ts';
import type { Catalog, CatalogEntry } from './catalog.ts';
import { admitCore, isCoreKind } from './core-kinds.ts';
import type { FileRef } from './documents.ts';
import { hashOf, type Ledger } from './ledger.ts';
import type { StatusFiles } from './status-files.ts';

/** Judges a document of our own kinds, complete with metadata; defaults are filled in. */
export type Admit = (
  document: Readonly<Record<string, unknown>>,
) =>
  | { readonly ok: true; readonly object: StoredObject }
  | { readonly ok: false; readonly problems: readonly string[] };

export interface DeliveryPorts {
  readonly admit: Admit;
  readonly ledger: Ledger;
  readonly statuses: StatusFiles;
  readonly log: Log;
  readonly now: () => number;
}

/** Takes a namespace into the mesh, unless a Namespace document says otherwise. */
const namespaceLabels = (name: string): Record<string, string> => ({
  'kubernetes.io/metadata.name': name,
  'meshwright.dev/mesh': 'enabled',
});

export class Delivery {
  readonly #ports: DeliveryPorts;
  /** Object key → hash of what the sink was last told, and what it is called. */
  readonly #told = new Map<string, { ref: ObjectRef; hash: string }>();
  #complaints = new Set<string>();

  constructor(ports: DeliveryPorts) {
    this.#ports = ports;
  }

  /** Tells the sink what is new, changed and gone. */
  async apply(catalog: Catalog, sink: ObjectSink): Promise<void> {
    const { entries, problems } = catalog.read();
    const complaints = [...problems];
    const present = new Map<string, ObjectRef>();
    const calls: (() => void)[] = [];
    for (const namespace of impliedNamespaces(entries)) {
      present.set(refKey(namespace), namespace);
      this.#tellNamespace(namespace, sink, calls);
    }
    for (const [key, entry] of entries) {
      present.set(key, entry.document.ref);
      complaints.push(...this.#tell(entry, sink, calls));
    }
    await this.#forgetAllBut(present, catalog, sink, calls);
    await this.#save();
    for (const call of calls) call();
    this.#complain(complaints);
  }

  /** Notes the call that tells of it, if it is new; returns what is wrong with it. */
  #tell(entry: CatalogEntry, sink: ObjectSink, calls: (() => void)[]): readonly string[] {
    const { document, file } = entry;
    const { ref, labels, annotations, raw } = document;
    const noted = this.#ports.ledger.note({ ref, file, spec: raw['spec'] }, this.#ports.now());
    const metadata: ObjectMeta = {
      name: ref.name,
      ...(ref.namespace !== '' && { namespace: ref.namespace }),
      ...noted,
      ...(labels !== undefined && { labels }),
      ...(annotations !== undefined && { annotations }),
    };
    const judged = this.#admit(document, metadata);
    const where = `${document.where} (${ref.kind} ${ref.name})`;
    const complaints = judged.ok ? [] : judged.problems.map((problem) => `${where}: ${problem}`);
    const tell = (): void => {
      if (judged.ok) sink.upsert(judged.object);
      else if (judged.hasStatus) sink.reject(ref, noted.generation, judged.problems);
    };
    this.#tellIfNew(ref, hashOf({ metadata, rest: document.raw }), tell, calls);
    return complaints;
  }

  #admit(
    document: CatalogEntry['document'],
    metadata: ObjectMeta,
  ): { ok: true; object: StoredObject } | { ok: false; problems: readonly string[]; hasStatus: boolean } {
    const { kind } = document.ref;
    if (isCoreKind(kind)) {
      const judged = admitCore(kind, document.raw['spec'], metadata);
      return judged.ok ? judged : { ...judged, hasStatus: false };
    }
    const judged = this.#ports.admit({ ...document.raw, metadata });
    return judged.ok ? judged : { ...judged, hasStatus: true };
  }

  #tellNamespace(ref: FileRef, sink: ObjectSink, calls: (() => void)[]): void {
    const noted = this.#ports.ledger.note({ ref, file: undefined, spec: undefined }, this.#ports.now());
    const metadata = { name: ref.name, ...noted, labels: namespaceLabels(ref.name) };
    this.#tellIfNew(ref, hashOf({ metadata }), () => sink.upsert({ kind: 'Namespace', metadata }), calls);
  }

  #tellIfNew(ref: ObjectRef, hash: string, tell: () => void, calls: (() => void)[]): void {
    const key = refKey(ref);
    if (this.#told.get(key)?.hash === hash) return;
    calls.push(() => {
      this.#told.set(key, { ref, hash });
      tell();
    });
  }

  /** Also what a former run left behind; but not what may still be in a file that cannot be read at present. */
  async #forgetAllBut(
    present: ReadonlyMap<string, ObjectRef>,
    catalog: Catalog,
    sink: ObjectSink,
    calls: (() => void)[],
  ): Promise<void> {
    const { ledger, statuses } = this.#ports;
    for (const [key, { ref }] of this.#told) {
      if (present.has(key)) continue;
      calls.push(() => {
        this.#told.delete(key);
        sink.remove(ref);
      });
    }
    const gone = ledger
      .refs()
      .filter(
        ({ ref, file }) => !present.has(refKey(ref)) && (file === undefined || !catalog.isUnreadable(file)),
      );
    for (const { ref } of gone) ledger.forget(ref);
    await Promise.all(gone.map(async ({ ref }) => statuses.remove(ref)));
  }

  async #save(): Promise<void> {
    try {
      await this.#ports.ledger.save();
    } catch (error) {
      // The mesh goes on; only a restart would count generations anew.
      this.#ports.log.error({ error }, 'state of the files platform cannot be saved');
    }
  }

  /** Each problem is said once, for as long as it lasts. */
  #complain(complaints: readonly string[]): void {
    for (const problem of complaints) {
      if (!this.#complaints.has(problem)) this.#ports.log.warn({ problem }, 'document not in force');
    }
    this.#complaints = new Set(complaints);
  }
}

/** Namespaces in use that no document describes, sorted. */
function impliedNamespaces(entries: ReadonlyMap<string, CatalogEntry>): FileRef[] {
  const inUse = new Set([...entries.values()].map(({ document }) => document.ref.namespace));
  inUse.delete('');
  return [...inUse]
    .toSorted()
    .map((name): FileRef => ({ kind: 'Namespace', namespace: '', name }))
    .filter((ref) => !entries.has(refKey(ref)));
}
