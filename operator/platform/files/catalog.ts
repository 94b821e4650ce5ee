// All files together: which document stands for which object, and what is wrong with the rest. A file that cannot
// be read keeps the documents it had. State without I/O.
import { refKey } from '../../objects/objects.ts';
import { type FileDocument, parseFile } from './documents.ts';

export interface CatalogEntry {
  readonly file: string;
  readonly document: FileDocument;
}

export class Catalog {
  readonly #files = new Map<string, { documents: readonly FileDocument[]; problems: readonly string[] }>();
  readonly #unreadable = new Set<string>();

  /** text: undefined if the file is gone. */
  set(file: string, text: string | undefined): void {
    this.#unreadable.delete(file);
    if (text === undefined) {
      this.#files.delete(file);
      return;
    }
    const parsed = parseFile(file, text);
    if (parsed.kind === 'documents') {
      this.#files.set(file, parsed);
      return;
    }
    this.#unreadable.add(file);
    const documents = this.#files.get(file)?.documents ?? [];
    const kept = documents.length === 0 ? 'Nothing of it is in force' : 'What it said before stays in force';
    this.#files.set(file, { documents, problems: [`${parsed.problem} ${kept} until it is mended.`] });
  }

  /** Whether the present text of the file could not be read. */
  isUnreadable(file: string): boolean {
    return this.#unreadable.has(file);
  }

  /** Object key → its document, sorted by key; of several for one object the first by file name and place wins. */
  read(): { entries: ReadonlyMap<string, CatalogEntry>; problems: readonly string[] } {
    const entries = new Map<string, CatalogEntry>();
    const problems: string[] = [];
    for (const [file, parsed] of [...this.#files].toSorted(([a], [b]) => compare(a, b))) {
      problems.push(...parsed.problems);
      for (const document of parsed.documents) {
        const key = refKey(document.ref);
        const winner = entries.get(key);
        if (winner === undefined) entries.set(key, { file, document });
        else problems.push(duplicate(document, winner.document));
      }
    }
    return { entries: new Map([...entries].toSorted(([a], [b]) => compare(a, b))), problems };
  }
}

function duplicate(loser: FileDocument, winner: FileDocument): string {
  const { kind, namespace, name } = loser.ref;
  const object = `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
  return `${loser.where} is ignored: ${winner.where} already says what ${object} is. Remove one of them.`;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
