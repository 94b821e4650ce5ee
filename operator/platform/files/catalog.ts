// All files together: which document stands for which object, and what became of the objects that are known. Pure.
import { type FileRef, objectName } from './folder/file-kinds.ts';
import type { DocumentContent, FileDocument, ParsedFile, Placed, RawDocument } from './folder/documents.ts';
import { placeOf } from './folder/documents.ts';
import { refKey } from '../../objects/objects.ts';
import { compareText } from '../../values/compare-text.ts';

/** What is remembered of an object: where it was last seen. */
export interface KnownObject {
  readonly ref: FileRef;
  /** undefined: no file describes it (a namespace in use). */
  readonly file: string | undefined;
}

export type Finding =
  /** rival: another document says something else of the same object; a full sentence. */
  | { readonly kind: 'document'; readonly document: Placed<FileDocument>; readonly rival?: string }
  /** An invalid edit of the object. problem: full sentences with the place. */
  | {
      readonly kind: 'broken';
      readonly ref: FileRef;
      readonly file: string;
      readonly problem: string;
      readonly raw: RawDocument | undefined;
    };

export interface Catalog {
  /** Object key → what the files say of it, sorted by key. Objects that are known and not here are missing. */
  readonly findings: ReadonlyMap<string, Finding>;
  /** What is wrong and concerns no object; full sentences. */
  readonly problems: readonly string[];
  /** File name → identities of the documents that describe nothing here and stand in no object's place. */
  readonly foreign: ReadonlyMap<string, readonly string[]>;
}

export interface CatalogInput {
  readonly files: ReadonlyMap<string, ParsedFile>;
  readonly known: readonly KnownObject[];
  /** Catalog.foreign as it was last. */
  readonly foreign: ReadonlyMap<string, readonly string[]>;
}

type Broken = Extract<DocumentContent, { kind: 'broken' }>;
type Foreign = Extract<DocumentContent, { kind: 'foreign' }>;

export function readCatalog({ files, known, foreign }: CatalogInput): Catalog {
  const sorted = [...files].toSorted(([a], [b]) => compareText(a, b));
  const problems: string[] = [];
  const findings = describedObjects(sorted, known, problems);
  const held = new Set<Placed<DocumentContent>>();
  for (const { ref, file } of known) {
    const parsed = file === undefined ? undefined : files.get(file);
    if (file === undefined || parsed === undefined || findings.has(refKey(ref))) continue;
    const standIn = inItsPlace(ref, parsed, new Set(foreign.get(file)));
    if (standIn === undefined) continue;
    if (standIn.document !== undefined) held.add(standIn.document);
    findings.set(refKey(ref), { kind: 'broken', ref, file, raw: undefined, problem: standIn.problem });
  }
  problems.push(...sorted.flatMap(([, parsed]) => unclaimed(parsed, held)));
  return {
    findings: new Map([...findings].toSorted(([a], [b]) => compareText(a, b))),
    problems,
    foreign: new Map(
      sorted.flatMap(([file, parsed]) => foreignIn({ file, parsed, held, before: foreign.get(file) })),
    ),
  };
}

/** Of several documents for one object, the one in the file where it was before counts, else the first by file and place. */
function describedObjects(
  files: readonly (readonly [string, ParsedFile])[],
  known: readonly KnownObject[],
  problems: string[],
): Map<string, Finding> {
  const candidates = new Map<string, Placed<WithRef>[]>();
  for (const placed of files.flatMap(([, parsed]) => (parsed.kind === 'documents' ? parsed.documents : []))) {
    if (!describesObject(placed)) continue;
    const key = refKey(placed.content.ref);
    const others = candidates.get(key);
    if (others === undefined) candidates.set(key, [placed]);
    else others.push(placed);
  }
  const fileOf = new Map(known.map(({ ref, file }) => [refKey(ref), file]));
  const findings = new Map<string, Finding>();
  for (const [key, all] of candidates) {
    const chosen = all.find(({ file }) => file === fileOf.get(key)) ?? all[0];
    if (chosen === undefined) continue;
    const rivals = all.filter((other) => other !== chosen);
    const differing = rivals.find(({ content }) => content.hash !== chosen.content.hash);
    if (differing === undefined) problems.push(...rivals.map((rival) => copyProblem(rival, chosen)));
    const rival = differing && rivalProblem(differing, chosen);
    findings.set(key, findingOf(chosen, rival));
  }
  return findings;
}

type WithRef = FileDocument | (Broken & { readonly ref: FileRef });

function describesObject(placed: Placed<DocumentContent>): placed is Placed<WithRef> {
  return placed.content.kind !== 'foreign' && placed.content.ref !== undefined;
}

function findingOf(placed: Placed<WithRef>, rival: string | undefined): Finding {
  const { content, file } = placed;
  if (content.kind === 'object') {
    return { kind: 'document', document: { ...placed, content }, ...(rival !== undefined && { rival }) };
  }
  const problem = [brokenProblem({ ...placed, content }), ...(rival === undefined ? [] : [rival])].join(' ');
  return { kind: 'broken', ref: content.ref, file, problem, raw: content.raw };
}

interface StandIn {
  readonly document?: Placed<DocumentContent>;
  readonly problem: string;
}

/**
 * What stands where a known object was and cannot be recognised: an invalid edit of it. A document of another kind
 * does so only if it is new, and looks like one.
 */
function inItsPlace(ref: FileRef, parsed: ParsedFile, settled: ReadonlySet<string>): StandIn | undefined {
  if (parsed.kind === 'unreadable') return { problem: parsed.problem };
  for (const placed of parsed.documents) {
    const { content } = placed;
    if (content.kind === 'broken' && content.ref === undefined)
      return { document: placed, problem: brokenProblem({ ...placed, content }) };
    if (content.kind === 'foreign' && !settled.has(content.identity) && looksLike(content, ref)) {
      const problem = `${foreignProblem({ ...placed, content })} It replaces ${objectName(ref)}, which stays in force. Fix the document, or remove it to delete ${ref.kind} ${ref.name}.`;
      return { document: placed, problem };
    }
  }
  return undefined;
}

function looksLike(content: Foreign, ref: FileRef): boolean {
  return content.name === ref.name || content.isOurGroup;
}

/** Said of no object: the log has to say it. */
function unclaimed(parsed: ParsedFile, held: ReadonlySet<Placed<DocumentContent>>): string[] {
  if (parsed.kind === 'unreadable') return [parsed.problem];
  return parsed.documents.flatMap((placed) => {
    const { content } = placed;
    if (held.has(placed)) return [];
    if (content.kind === 'foreign') return [foreignProblem({ ...placed, content })];
    return content.kind === 'broken' && content.ref === undefined
      ? [brokenProblem({ ...placed, content })]
      : [];
  });
}

function foreignIn(of: {
  file: string;
  parsed: ParsedFile;
  held: ReadonlySet<Placed<DocumentContent>>;
  before: readonly string[] | undefined;
}): [string, readonly string[]][] {
  const { file, parsed, held, before = [] } = of;
  const identities =
    parsed.kind === 'unreadable'
      ? before
      : parsed.documents.flatMap((placed) =>
          placed.content.kind === 'foreign' && !held.has(placed) ? [placed.content.identity] : [],
        );
  return identities.length === 0 ? [] : [[file, identities]];
}

/** `a.yaml, line 12 (document 2): Not valid YAML: …`. */
function brokenProblem({ file, number, firstLine, content }: Placed<Broken>): string {
  return `${file}, line ${firstLine + content.line} (document ${number}): ${content.problem}`;
}

function foreignProblem(placed: Placed<Foreign>): string {
  return `${placeOf(placed)} is ignored: ${placed.content.problem}`;
}

function rivalProblem(rival: Placed<DocumentContent>, chosen: Placed<WithRef>): string {
  return `The object is defined twice, with differences. Only ${placeOf(chosen)} is used; ${placeOf(rival)} is ignored. Remove one of them.`;
}

function copyProblem(rival: Placed<DocumentContent>, chosen: Placed<WithRef>): string {
  return `${placeOf(rival)} repeats ${placeOf(chosen)}. Remove one of them.`;
}
